"""Wait out what is wrong with a file system: who waits for others does not end before them for an error that passes."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from jughpc import refusals
from jughpc.app.context.site import Site
from jughpc.backoff import Backoff
from jughpc.units import show_seconds
from jughpc.worker.patience import CANNOT_PASS

T = TypeVar("T")

_FIRST, _LONGEST = 1.0, 30.0  # [s] between two tries
_WELL = 60.0  # [s] what lasted longer had begun well: its error is another one


def outlast(site: Site, action: Callable[[], T]) -> T:
    """Return what `action` does, begun anew while it raises OSError, for the patience of the settings at most.

    Args:
        action: What may be broken off anywhere and begun anew: it goes by what is on record.
    """
    clock, pauses = site.clock, Backoff(_FIRST, _LONGEST)
    since = None
    while True:
        begun = clock.now()
        try:
            return action()
        except OSError as error:
            is_new = since is None or clock.now() - begun > _WELL
            since = clock.now() if since is None or is_new else since
            left = since + site.settings.patience - clock.now()
            if not _may_pass(error) or left <= 0:
                raise
            if is_new:
                pauses.reset()
                _say(site, error, left)
        clock.sleep(pauses.next())


def _may_pass(error: OSError) -> bool:
    """Return whether waiting may help: not for a call that was wrong, nor for a reader of our output who has left."""
    return error.errno not in CANNOT_PASS and not (error.errno == errno.EPIPE and error.filename is None)


def _say(site: Site, error: OSError, left: float) -> None:
    with suppress(OSError):
        site.say(f"{refusals.fact(error)}; looking again, for {show_seconds(left)} at most")
