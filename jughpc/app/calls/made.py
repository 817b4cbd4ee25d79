"""How many calls a process made, and what became of them; those that are over are not kept."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Counts:
    """What became of the calls that this process made."""

    calls: int = 0
    done: int = 0
    failed: int = 0

    def __str__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.calls} calls, {self.done} done{failed}"


class Made:
    """The calls of one executor in this process."""

    def __init__(self) -> None:
        self._over, self._open = Counts(), set[Future[Any]]()
        self._lock = threading.Lock()  # futures end in any thread

    @property
    def open(self) -> set[Future[Any]]:
        """The futures of those that are not over."""
        with self._lock:
            return {future for future in self._open if not future.done()}

    @property
    def counts(self) -> Counts:
        """What became of the calls so far."""
        with self._lock:
            over = self._over
            for future in self._open:
                if future.done():  # who waits for a future is woken before it is taken off
                    over = _plus(over, future)
            return replace(over, calls=over.calls + len(self._open))

    def add(self, futures: Sequence[Future[Any]]) -> None:
        """Take note of further calls, and of their ends."""
        with self._lock:
            self._open.update(futures)
        for future in futures:
            future.add_done_callback(self._take_off)

    def _take_off(self, future: Future[Any]) -> None:
        with self._lock:
            self._open.remove(future)
            self._over = _plus(replace(self._over, calls=self._over.calls + 1), future)


def _plus(counts: Counts, future: Future[Any]) -> Counts:
    """Return `counts` with what became of one more call, which is among them."""
    if future.cancelled():
        return counts
    if future.exception():
        return replace(counts, failed=counts.failed + 1)
    return replace(counts, done=counts.done + 1)
