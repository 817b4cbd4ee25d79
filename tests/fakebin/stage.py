"""The stage of a simulated batch system on this machine's own clock, with real processes on it."""

from __future__ import annotations

import heapq
import itertools
import os
import queue
import selectors
import time
from collections.abc import Callable

Effect = Callable[[], None]


class RealStage:
    """What `Engine` needs of a `Stage`: a time, and effects at later ones. One thread runs all of them.

    Attributes:
        over: Whether `run` is to return.
    """

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._due: list[tuple[float, int, Effect]] = []
        self._order = itertools.count()
        self._asked: queue.Queue[Effect] = queue.Queue()
        self._ears = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        self.hear(self._wake_read, lambda: os.read(self._wake_read, 4096))
        self.over = False

    @property
    def time(self) -> float:
        """How long it has been there [s]."""
        return time.monotonic() - self._began

    def at(self, delay: float, effect: Effect) -> None:
        """Let something happen after `delay` seconds. Its own thread only, as all but `do` and `close`."""
        heapq.heappush(self._due, (self.time + delay, next(self._order), effect))

    def hear(self, descriptor: int, effect: Callable[[], object]) -> None:
        """Let something happen whenever there is something to read."""
        self._ears.register(descriptor, selectors.EVENT_READ, effect)

    def deaf(self, descriptor: int) -> None:
        """Hear that no more."""
        self._ears.unregister(descriptor)

    def do(self, effect: Effect) -> None:
        """Let something happen soon, and wait until it has. Any other thread."""
        done: queue.Queue[None] = queue.Queue()
        self._asked.put(lambda: (effect(), done.put(None)))
        os.write(self._wake_write, b"!")
        done.get(timeout=120)

    def run(self) -> None:
        """Let happen what is due, until it is over."""
        while not self.over:
            while self._due and self._due[0][0] <= self.time:
                heapq.heappop(self._due)[2]()
            wait = self._due[0][0] - self.time if self._due else 60.0
            for key, _ in self._ears.select(max(0.0, wait)):
                key.data()
            while not self._asked.empty():
                self._asked.get()()

    def close(self) -> None:
        """Give back what it holds."""
        self._ears.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
