"""How long nobody gave a sign of life: what bounds the patience of who waits for others."""

from __future__ import annotations

from collections.abc import Hashable

from jughpc.fs import Clock


class Silence:
    """The time since anything changed that others could change, by this process's own clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._since = clock, clock.now()
        self._signs: Hashable = None

    def heard(self, signs: Hashable) -> None:
        """Take note of what is to be seen now: another than the last time is a sign of life."""
        if signs != self._signs:
            self._signs, self._since = signs, self._clock.now()

    def lasts(self) -> float:
        """Return for how long nothing changed [s]."""
        return self._clock.now() - self._since
