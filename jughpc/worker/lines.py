"""What workers put out, passed on by the line, each marked with whose it is: lines of several never run together."""

from __future__ import annotations

import os
from contextlib import suppress

_PART = 1 << 16  # [bytes] read at once
_LONGEST = 1 << 20  # [bytes] of a line: what is longer is broken


class Lines:
    """One stream of a worker.

    Args:
        source: Where it comes from, a descriptor that does not block.
        target: Where it goes.
        mark: What each line begins with.
    """

    def __init__(self, source: int, target: int, mark: str) -> None:
        self.source, self._target, self._mark, self._begun = source, target, mark.encode(), b""

    def pass_on(self) -> bool:
        """Pass on what is there; return whether more may come."""
        try:
            part = os.read(self.source, _PART)
        except BlockingIOError:
            return True
        whole, newline, self._begun = (self._begun + part).rpartition(b"\n")
        if newline:
            self._put_out(whole)
        if not part or len(self._begun) > _LONGEST:
            self.flush()
        return bool(part)

    def drain(self) -> None:
        """Pass on all that is there now, and a line that was not ended."""
        with suppress(BlockingIOError):
            while part := os.read(self.source, _PART):
                whole, newline, self._begun = (self._begun + part).rpartition(b"\n")
                if newline:
                    self._put_out(whole)
        self.flush()

    def flush(self) -> None:
        """Put out a line that was not ended."""
        if self._begun:
            self._put_out(self._begun)
            self._begun = b""

    def close(self) -> None:
        """Have no part in it any more."""
        os.close(self.source)

    def _put_out(self, lines: bytes) -> None:
        left = memoryview(self._mark + lines.replace(b"\n", b"\n" + self._mark) + b"\n")
        with suppress(OSError):  # nobody reads it, or the disk is full: no reason for a worker to stop
            while left:
                left = left[os.write(self._target, left) :]
