"""Clocks for tests: one that the test moves by hand, and one of a simulated host."""

from __future__ import annotations

from collections.abc import Callable

from jughpc.testing.stage import Stage


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


class SimClock:
    """One host's `Clock` in a simulated world.

    Args:
        offset: By how much its counters differ from true time [s].
        rate: How fast it runs, 1.0 being right.
        asleep: Called before each sleep.

    Attributes:
        suspended: For how long the host has been suspended [true s].
    """

    def __init__(self, stage: Stage, offset: float, rate: float, asleep: Callable[[], None]) -> None:
        self._stage, self._offset, self.rate, self._asleep = stage, offset, rate, asleep
        self.suspended = 0.0

    def now(self) -> float:
        return self._offset + self.rate * (self._stage.time - self.suspended)

    def uptime(self) -> float:
        return self._offset + self.rate * self._stage.time

    def wall(self) -> float:
        return 1_700_000_000.0 + 100 * self._offset + self.rate * self._stage.time

    def sleep(self, seconds: float) -> None:
        self._asleep()
        self._stage.hold(seconds / self.rate)
