"""Memory that runs out where several workers share it: the heaviest makes room, before the kernel kills blindly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf

from jughpc.cgroup import Memory
from jughpc.units import show_memory
from jughpc.worker.tally import Say

FULL = 0.97  # part of the limit from which on somebody is to make room
_LOOK = 1.0  # [s] between two looks
_ROOM = 20.0  # [s] from one that was asked to the next: it takes a moment to end


class Scarcity:
    """Watches the memory of an element.

    Args:
        memory: Returns what the element may use and uses, None if it has no limit.
        size: Returns the resident set of a process [bytes].
    """

    def __init__(self, memory: Callable[[], Memory | None], size: Callable[[int], int], say: Say) -> None:
        self._memory, self._size, self._say = memory, size, say
        self._next = -inf

    def who_makes_room(self, workers: Mapping[int, int], now: float) -> int | None:
        """Return which worker is to give its task back, and say so; None if there is no need.

        Args:
            workers: Their processes, by number. The last one of all is never asked.
            now: On one clock [s].
        """
        if now < self._next or len(workers) < 2:
            return None
        self._next = now + _LOOK
        found = self._memory()
        if found is None or found.used < FULL * found.limit:
            return None
        self._next = now + _ROOM
        sizes = {number: self._size(pid) for number, pid in workers.items()}
        heaviest = max(sizes, key=lambda number: sizes[number])
        self._say(
            f"{_show(found.used)} of the {_show(found.limit)} of memory here are in use: worker {heaviest}, which has "
            f"{_show(sizes[heaviest])}, gives its task back and ends, so that it runs with fewer beside it"
        )
        return heaviest


def _show(size: int) -> str:
    return show_memory(size >> 20 << 20)
