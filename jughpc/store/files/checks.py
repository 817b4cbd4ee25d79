"""Large arrays are handed out at once, and their checksums looked at beside the work that uses them."""

from __future__ import annotations

import atexit
import sys
from _thread import allocate_lock, get_native_id, start_new_thread
from collections.abc import Callable
from typing import NamedTuple

from jughpc.errors import CorruptResultError
from jughpc.store import resultfile
from jughpc.store.resultfile import DamagedError, Entry

LARGE = 4 << 20  # [bytes] a smaller payload is checked in 2 ms, before it is handed out
_REMEMBERED = 4096  # payloads that were found whole


class Payload(NamedTuple):
    """One payload of one file."""

    path: str
    entry: Entry


class _Check:
    """The check of one payload, by a thread of its own; who begins it does not wait for the thread to start."""

    def __init__(self, payload: Payload, data: memoryview) -> None:
        self.payload, self._data = payload, data
        self._is_whole: bool | None = None
        self._begun_by, self._busy = get_native_id(), allocate_lock()
        self._busy.acquire()
        start_new_thread(self._run, ())

    def is_whole(self) -> bool:
        """Wait for the outcome, and tell it."""
        if get_native_id() == self._begun_by:
            self._busy.acquire()
        if self._is_whole is None:  # asked by another thread, or forked meanwhile: the checking one stayed behind
            self._look()
        return bool(self._is_whole)

    def _run(self) -> None:
        try:
            self._look()
        finally:
            self._busy.release()

    def _look(self) -> None:
        try:
            resultfile.check(self._data, self.payload.entry)
            self._is_whole = True
        except DamagedError:
            self._is_whole = False


class Checks:
    """The checks of one process: each payload once, one at a time.

    Args:
        damaged: Called with the path of a file in which a payload was found damaged; returns the error to raise.
    """

    def __init__(self, damaged: Callable[[str], CorruptResultError]) -> None:
        self._damaged = damaged
        self._running: _Check | None = None
        self._whole: dict[Payload, None] = {}
        self._at_exit = False

    def begin(self, payload: Payload, data: memoryview) -> None:
        """See to it that a payload is checked, or was; waits for the check before.

        Args:
            data: The whole file, in memory that nobody writes to.
        Raises:
            CorruptResultError: Another one that was handed out before is damaged.
        """
        if self._running is not None and self._running.payload == payload:
            return
        self.finish()
        if payload not in self._whole:
            self._running = _Check(payload, data)
            self._look_at_exit()

    def finish(self) -> None:
        """Return once all that was handed out is known to be whole. Raises CorruptResultError."""
        running, self._running = self._running, None
        if running is None:
            return
        if not running.is_whole():
            raise self._damaged(running.payload.path)
        self._whole[running.payload] = None
        if len(self._whole) > _REMEMBERED:
            del self._whole[next(iter(self._whole))]

    def _look_at_exit(self) -> None:
        if not self._at_exit:
            self._at_exit = True
            atexit.register(self._last_look)

    def _last_look(self) -> None:
        try:
            self.finish()
        except CorruptResultError as error:
            print(f"{error}\nWhat this process made of it is wrong.", file=sys.stderr)
