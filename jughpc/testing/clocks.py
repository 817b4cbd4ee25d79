"""Clocks for tests: one that the test moves by hand."""

from __future__ import annotations


class HandClock:
    """A `Clock` that stands still until it is told to move; sleeping moves it.

    Args:
        wall: What `wall` shows at the start [Unix s].
    """

    def __init__(self, wall: float = 1_700_000_000.0) -> None:
        self.time = 0.0
        self._wall = wall

    def now(self) -> float:
        return self.time

    def uptime(self) -> float:
        return self.time

    def wall(self) -> float:
        return self._wall + self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
