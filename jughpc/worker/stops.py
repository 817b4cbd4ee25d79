"""What this process is told by signals, and by a file."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from types import FrameType

from jughpc.fs import Clock

AT_ONCE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
AFTER_THIS_TASK = (signal.SIGUSR1, signal.SIGXCPU)


class Interrupted(BaseException):
    """A signal asked to stop at once, while something ran that may be broken off."""


class Stops:
    """What signals, or a file, asked of this worker.

    Args:
        file: Asks to stop after the task in hand, by being there.

    Attributes:
        signal: The first signal that asked to stop, 0 if none did.
    """

    def __init__(self, file: Path | None = None) -> None:
        self.signal = 0
        self._file, self._next_look, self._is_there = file, -inf, False
        self._heard: set[int] = set()
        self._mask: set[int] = set()
        self._breakers: tuple[int, ...] = ()

    def install(self) -> None:
        """Listen to the signals of schedulers and terminals; works in the main thread only."""
        for number in AT_ONCE + AFTER_THIS_TASK:
            signal.signal(number, self.heed)
        os.register_at_fork(before=self._hold, after_in_parent=self._let_go, after_in_child=self._forked)

    def _hold(self) -> None:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, AT_ONCE + AFTER_THIS_TASK)

    def _let_go(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _forked(self) -> None:
        """Let signals do in a process that a task forks what they do everywhere: a pool is ended by them."""
        for number in AT_ONCE + AFTER_THIS_TASK:
            if signal.getsignal(number) == self.heed:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        self._let_go()  # only now: one that came at once is not lost

    @contextmanager
    def breakable(self, by: tuple[int, ...] = AT_ONCE) -> Iterator[None]:
        """Let a signal among `by` break off the block, by raising Interrupted; one that came before does so too."""
        self._breakers = by
        try:
            if self._heard.intersection(by):
                raise Interrupted
            yield
        finally:
            self._breakers = ()

    def asked(self, now: float) -> bool:
        """Return whether to stop; looks for the file, once a second at most. `now` on one clock [s]."""
        if self._file is not None and now >= self._next_look and not self.signal:
            self._next_look = now + 1.0
            self._is_there = self._file.exists()
            if self._is_there:
                self.heed(AFTER_THIS_TASK[0])
        return bool(self.signal)

    def why(self) -> str:
        """Return what asked to stop, "" if nothing did."""
        if self._is_there:
            return f"the file {self._file} is there"
        return f"signal {self.signal}" if self.signal else ""

    def nap(self, clock: Clock, seconds: float) -> None:
        """Sleep. Raises Interrupted at any signal that asks to stop: nothing is lost by it."""
        with self.breakable(AT_ONCE + AFTER_THIS_TASK):
            clock.sleep(seconds)

    def heed(self, number: int, frame: FrameType | None = None) -> None:
        """Do as a signal asks."""
        self.signal = self.signal or number
        self._heard.add(number)
        if number in self._breakers:
            raise Interrupted
