"""The status again and again, without running the jugfile, or asking the scheduler, again and again."""

from __future__ import annotations

from collections.abc import Callable

from jughpc.app.context import session as sessions
from jughpc.app.context.kept import key_of, latest
from jughpc.app.context.manifest import Manifest, of_graph
from jughpc.app.context.site import Site
from jughpc.app.status.elements import Jobs
from jughpc.app.status.report import Report, report
from jughpc.batch.clusters import Clusters
from jughpc.errors import JugError, JugfileError, UsageError
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import read

ASKED = 15.0
"""How long the scheduler's word holds for who only watches [s]."""


class Watch:
    """Reports on one jugfile.

    Args:
        tasks: Returns its tasks as they are to be shown, by default as `LoadedOnce` does.
        holds: How long the scheduler's word holds [s]; meanwhile its jobs are shown as they were.
    """

    def __init__(
        self, site: Site, clusters: Clusters, tasks: Callable[[], Manifest] | None = None, holds: float = 0.0
    ) -> None:
        self._site, self._clusters, self._holds = site, clusters, holds
        self._tasks = tasks or LoadedOnce(site)
        self._asked = float("-inf")
        self._jobs: Jobs | None = None

    def report(self, number: int | None = None) -> Report:
        """Return where it stands now, with submission `number` or the latest. Raises JugError, OSError."""
        self._site.store()  # first: it tells best what is wrong with a jugdir
        manifest, now = self._tasks(), self._site.clock.now()
        before = self._jobs if now - self._asked < self._holds else None
        found = report(self._site, self._clusters, number, manifest=manifest, before=before)
        if before is None:
            self._asked, self._jobs = now, found.jobs
        return found


class LoadedOnce:
    """The tasks of a jugfile, which is loaded at most once for each text that it has.

    So they may be those of an earlier load; what workers load meanwhile, past a barrier too, is seen by the
    manifest that they keep.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._key = ""
        self._loaded: JugError = JugError("the jugfile was not loaded yet")
        self._manifest: Manifest | None = None

    def __call__(self) -> Manifest:
        """Return the tasks. Raises JugError, OSError."""
        if kept := _kept(self._site):
            return kept
        if (key := _key(self._site)) != self._key:
            self._load(key)
        if self._manifest is None:
            raise self._loaded
        return self._manifest

    def _load(self, key: str) -> None:
        self._manifest = None
        try:
            jugfile = sessions.peek(self._site).jugfile
            self._manifest = of_graph(Graph(jugfile.tasks), jugfile.barrier)
            self._key = key
        except JugfileError as error:
            self._loaded, self._key = error, key  # the same text would raise again


class NeverLoaded:
    """The tasks of a jugfile as anybody loaded it last; after an edit those of before, until somebody has loaded it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._former: Manifest | None = None

    def __call__(self) -> Manifest:
        """Return the tasks. Raises UsageError if nobody has loaded it yet."""
        self._former = _kept(self._site) or self._former
        if self._former is None:
            raise UsageError(
                f"no load of {self._site.target.jugfile} as it is now is kept in {self._site.location}, and a watch "
                "runs no jugfile: submit or execute it, and watch it then."
            )
        return self._former


def _kept(site: Site) -> Manifest | None:
    files = site.files
    return latest(files, _key(site)) if files is not None else None


def _key(site: Site) -> str:
    return key_of(site.target, read(site.target.place))
