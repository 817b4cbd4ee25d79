"""Pauses that grow: how often to look again at what is not there yet."""

from __future__ import annotations

import random
from collections.abc import Iterator

from jughpc.fs import Clock


def jitter() -> float:
    """Return a factor around 1 that keeps workers from meeting again and again."""
    return random.uniform(0.7, 1.3)


class Backoff:
    """Pauses, each longer than the one before it, until something happens.

    Args:
        first: The shortest [s].
        longest: Where they stop growing [s].
        growth: Of each over the last: news are seen after `growth - 1` of the time that was waited for them.
    """

    def __init__(self, first: float, longest: float, growth: float = 2.0) -> None:
        self.first, self.longest, self.growth = first, longest, growth
        self._pause = min(first, longest)

    @property
    def pause(self) -> float:
        """The pause that comes next, without its jitter [s]."""
        return self._pause

    def reset(self) -> None:
        """Begin again at the shortest: there was news."""
        self._pause = min(self.first, self.longest)

    def next(self) -> float:
        """Return how long to pause now [s], a little more or less than told; the next one is longer."""
        pause, self._pause = self._pause, min(self._pause * self.growth, self.longest)
        return pause * jitter()

    def within(self, clock: Clock, patience: float) -> Iterator[float]:
        """Sleep between the steps of the caller, and yield each pause [s], until `patience` [s] is at its end."""
        end = clock.now() + patience
        while clock.now() + self._pause <= end:
            pause, self._pause = self._pause, min(self._pause * self.growth, self.longest)
            clock.sleep(pause)
            yield pause
