"""Workers that are stopped by a signal: they hold their tasks for as long, and whoever waits for them is told why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

from jughpc.worker.tally import Say

_LOOK = 10.0  # [s] between two looks; whoever is stopped at both is told of


class Standstill:
    """Watches the workers of an element.

    Args:
        is_stopped: Tells whether a process stands still by a signal.
    """

    def __init__(self, is_stopped: Callable[[int], bool], say: Say) -> None:
        self._is_stopped, self._say = is_stopped, say
        self._next = -inf
        self._seen: frozenset[int] = frozenset()
        self._told: frozenset[int] = frozenset()

    def look(self, workers: Mapping[int, int], now: float) -> None:
        """Say once of each worker that it is stopped, and each time that it is again.

        Args:
            workers: Their processes, by number.
            now: On one clock [s].
        """
        if now < self._next:
            return
        self._next = now + _LOOK
        stopped = {pid: number for number, pid in workers.items() if self._is_stopped(pid)}
        for pid in sorted((stopped.keys() & self._seen) - self._told):
            self._say(
                f"worker {stopped[pid]} is stopped by a signal, and keeps its task meanwhile: "
                f"`kill -CONT {pid}` has it go on, `kill -KILL {pid}` has another run its task"
            )
        self._told = (self._told | self._seen) & stopped.keys()
        self._seen = frozenset(stopped)
