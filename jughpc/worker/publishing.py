"""Write to the store, and keep results in hand while the disk is full."""

from __future__ import annotations

import errno
from collections.abc import Callable

from jughpc.backoff import Backoff
from jughpc.fs import Clock
from jughpc.worker.stops import Interrupted, Stops
from jughpc.worker.tally import Say

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # [s]
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EAGAIN, errno.ETIMEDOUT})


class Publisher:
    """Writes what must not be lost: an error that may pass is waited out."""

    def __init__(self, clock: Clock, stops: Stops, say: Say) -> None:
        self._clock, self._stops, self._say = clock, stops, say

    def publish(self, write: Callable[[], None], what: str) -> None:
        """Do `write`, again and again if need be. Raises OSError that cannot pass.

        A signal that asks to stop at once leaves it one more try, then raises Interrupted.
        """
        backoff = Backoff(_FIRST_PAUSE, _LONGEST_PAUSE)
        while (error := self._try(write)) is not None:
            self._say(f"cannot store {what}: {error}; trying again in {backoff.pause:.0f} s")
            try:
                with self._stops.breakable():
                    self._clock.sleep(backoff.next())
            except Interrupted:
                if (error := self._try(write)) is not None:
                    self._say(f"{what} could not be stored before this worker was stopped: {error}")
                raise

    def _try(self, write: Callable[[], None]) -> OSError | None:
        try:
            write()
        except OSError as error:
            if error.errno not in _PASSING:
                raise
            return error
        return None
