"""Publish results, and keep them in hand while the disk is full."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from jughpc.fs import Clock
from jughpc.store.base import Store
from jughpc.store.resultfile import Encoded
from jughpc.worker.tally import Say
from jughpc.worker.usage import Stops, jitter

FLUSH_AFTER = 10.0  # [s] the most work that a crash can cost
FLUSH_AT = 4 << 20  # [bytes]
_LONGEST_PAUSE = 30.0  # [s]
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EAGAIN, errno.ETIMEDOUT})


class Publisher:
    """Writes results; an error that may pass is waited out, for a result is never dropped for it."""

    def __init__(self, store: Store, clock: Clock, stops: Stops, say: Say) -> None:
        self._store, self._clock, self._stops, self._say = store, clock, stops, say

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        """Publish results of one shard. Raises OSError that cannot pass, Interrupted while it waits."""
        pause = 1.0
        while True:
            try:
                return self._store.publish(shard, results, life)
            except OSError as error:
                if error.errno not in _PASSING:
                    raise
                self._say(f"cannot store {len(results)} results: {error}; trying again in {pause:.0f} s")
            with self._stops.breakable():
                self._clock.sleep(pause * jitter())
            pause = min(2 * pause, _LONGEST_PAUSE)
