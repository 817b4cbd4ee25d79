"""The tasks of a jugfile for who watches it for hours: loaded again and again, each time as if for the first time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from jughpc.app.context.manifest import Manifest
from jughpc.app.context.site import Site
from jughpc.app.status.tasks import manifest_of
from jughpc.errors import JugError

HOLDS = 600.0
"""How long a load stands for those to come [s], while nothing happens and nothing rests on it."""

SHARE = 50
"""How many times as long as it took a load stands at least: what watches is idle for 98 % of its time."""


class Loads:
    """The latest load of a site's jugfile, each in a process of its own: modules are run anew, memory is given back.

    Attributes:
        manifest: Its tasks.
    """

    def __init__(self, site: Site) -> None:
        """Load the jugfile. Raises JugError."""
        self._site, self._clock = site, site.clock
        self._quiet = replace(site, say=lambda words: None)  # what it says of each load was said of the first
        self._done = self._took = 0.0
        self.manifest: Manifest = self._load(site)

    def renew(self) -> bool:
        """Load it again; return whether its tasks are others now. Raises JugError."""
        before, self.manifest = self.manifest, self._load(self._quiet)
        return not _same(before, self.manifest)

    def is_old(self, holds: float = HOLDS) -> bool:
        """Return whether it is time for another load, of those that stand for `holds` [s]."""
        return self._clock.now() > self._done + max(holds, SHARE * self._took)

    def renew_if_it_works(self) -> None:
        """Load it again; what is wrong with the jugfile now may be mended before anything rests on it."""
        with suppress(JugError):
            self.renew()
        self._done = self._clock.now()

    def _load(self, site: Site) -> Manifest:
        begun = self._clock.now()
        found: Manifest = site.apart(lambda: manifest_of(site))
        self._done = self._clock.now()
        self._took = self._done - begun
        return found


def _same(one: Manifest, other: Manifest) -> bool:
    return one.barrier == other.barrier and one.digests.tobytes() == other.digests.tobytes()
