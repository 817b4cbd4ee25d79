"""What workers put out, passed on by the line, each marked with whose it is: lines of several never run together."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice

from jughpc.worker.marks import TOLD, Index

_PART = 1 << 16  # [bytes] read at once
_LONGEST = 1 << 20  # [bytes] of a line: what is longer is broken
_PARTS = 16  # of them a pipe holds no more, whoever made it larger (pipe(7): 1 MiB)


class Lines:
    """One stream of a worker, or both in one.

    Args:
        source: Where it comes from, a descriptor that does not block.
        target: Where it goes.
        mark: What each line begins with.
        index: Where to note which part of the log is which task's, as the worker tells; None for nowhere.
    """

    def __init__(self, source: int, target: int, mark: str, index: Index | None = None) -> None:
        self.source, self._target, self._mark, self._begun = source, target, mark.encode(), b""
        self._index, self._since, self._is_new = index, 0, False

    def pass_on(self) -> bool:
        """Pass on what is there; return whether more may come."""
        try:
            part = os.read(self.source, _PART)
        except BlockingIOError:
            return True
        self._take(part)
        if not part:
            self.flush()
        elif len(self._begun) > _LONGEST:
            self._break()
        return bool(part)

    def drain(self) -> None:
        """Pass on all that is there now, and a line that was not ended.

        What comes later is left: a process that a task left behind may write without end.
        """
        with suppress(BlockingIOError):
            for part in islice(iter(lambda: os.read(self.source, _PART), b""), _PARTS):
                self._take(part)
        self.flush()

    def flush(self) -> None:
        """Put out a line that was not ended."""
        if self._begun:
            self._put_out(self._begun)
            self._begun = b""

    def _break(self) -> None:
        """Put out what is there of a line, but for a character that is there in part."""
        end = _whole(self._begun)
        self._put_out(self._begun[:end])
        self._begun = self._begun[end:]

    def close(self) -> None:
        """Have no part in it any more."""
        os.close(self.source)

    def _take(self, part: bytes) -> None:
        """Pass on whole lines, and heed what the worker tells between them."""
        *told, rest = TOLD.split(self._begun + part)  # text, what was told, text, what was told, ..., text
        for text, words in zip(told[::2], told[1::2], strict=True):
            self._begun = b""
            if text:
                self._put_out(text.removesuffix(b"\n"))
            self._note(words.decode())
        whole, newline, self._begun = rest.rpartition(b"\n")
        if newline:
            self._put_out(whole)

    def _note(self, words: str) -> None:
        if self._index and words and (self._is_new or words.startswith("-")):
            now = _position(self._index)
            self._index.put(self._since if self._is_new else now, now, words)
        self._is_new = False

    def _put_out(self, lines: bytes) -> None:
        if not self._is_new:
            self._since, self._is_new = _position(self._index), True
        left = memoryview(self._mark + lines.replace(b"\n", b"\n" + self._mark) + b"\n")
        with suppress(OSError):  # nobody reads it, or the disk is full: no reason for a worker to stop
            while left:
                left = left[os.write(self._target, left) :]


def _whole(text: bytes) -> int:
    """Return how many bytes of it are whole characters of UTF-8, or none at all."""
    for back in range(1, min(4, len(text)) + 1):
        byte = text[-back]
        if byte >> 6 != 0b10:  # no byte that goes on with a character: it begins one
            length = 1 + (byte >= 0xC0) + (byte >= 0xE0) + (byte >= 0xF0)
            return len(text) - back if length > back else len(text)
    return len(text)


def _position(index: Index | None) -> int:
    if index is not None:
        with suppress(OSError):
            return index.position()
    return 0
