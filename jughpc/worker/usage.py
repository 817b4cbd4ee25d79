"""What this process uses, and what it is told by signals."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AT_ONCE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
AFTER_THIS_TASK = (signal.SIGUSR1, signal.SIGXCPU)


def measure(pid: int) -> tuple[int, float]:
    """Return resident set [bytes] and processor time [s] of `pid`, zeros if it is gone."""
    import psutil

    try:
        process = psutil.Process(pid)
        times = process.cpu_times()
        return process.memory_info().rss, times.user + times.system
    except psutil.Error:
        return 0, 0.0


class Interrupted(BaseException):
    """A signal asked to stop at once, while something ran that may be broken off."""


class Stops:
    """What signals asked of this worker.

    Attributes:
        signal: The first signal that asked to stop, 0 if none did.
        at_once: Whether it asked to break off what runs.
    """

    def __init__(self) -> None:
        self.signal = 0
        self.at_once = False
        self._may_break = False

    def install(self) -> None:
        """Listen to the signals of schedulers and terminals; works in the main thread only."""
        for number in AT_ONCE + AFTER_THIS_TASK:
            signal.signal(number, self._heed)

    @contextmanager
    def breakable(self) -> Iterator[None]:
        """Let a signal that asks to stop at once break off the block, by raising Interrupted."""
        self._may_break = True
        try:
            if self.at_once:
                raise Interrupted
            yield
        finally:
            self._may_break = False

    def _heed(self, number: int, frame: FrameType | None) -> None:
        self.signal = self.signal or number
        if number in AT_ONCE:
            self.at_once = True
            if self._may_break:
                raise Interrupted


def jitter() -> float:
    """Return a factor around 1 that keeps workers from meeting again and again."""
    return random.uniform(0.7, 1.3)
