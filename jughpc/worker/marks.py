"""Which part of an element's log is which task's: a line for each that put out anything, in a file beside the log.

The log stays as tasks wrote it. It costs a task two flushes, and the question where the log ends, which its own
descriptor answers without a file server. A worker whose output goes through a pipe tells in it
who reads it.
"""

from __future__ import annotations

import io
import os
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from jughpc.descriptors import Descriptor, path_of
from jughpc.inode import Sharing
from jughpc.store.record import Record

SUFFIX = ".tasks"
"""What the name of the file has behind that of the log."""

BEGAN, BETWEEN, DONE, FAILED, BROKEN_OFF = "began", "between", "done", "failed", "broken-off"

TOLD = re.compile(rb"\x1ejughpc ([ -~]{0,400})\x1e")
"""What a worker tells in its pipe: whose all is that it put out since it last told anything; nobody's if empty."""

LONG = 0.002  # [s] a task that a pipe is told of though Python wrote nothing: compiled code, or a child, may have


class Marks(Protocol):
    """Notes what tasks put out. What is put out between two tasks is nobody's, and noted as such."""

    def begin(self) -> None:
        """Begin a task, or several with nothing between them."""

    def end(self, digest: bytes, how: str, seconds: float) -> None:
        """End a task that took so long: DONE, FAILED or BROKEN_OFF."""


class Index:
    """The file beside a log.

    Args:
        path: Of the log.
        log: The descriptor by which this process and its children write to it.
    """

    def __init__(self, path: Path, log: int = 1) -> None:
        self.log = log
        self._file = Descriptor(Sharing.of(path.parent).create(f"{path}{SUFFIX}", os.O_APPEND))

    def position(self) -> int:
        """Return where the log ends, as far as it was written by that descriptor. Raises OSError."""
        return os.lseek(self.log, 0, os.SEEK_CUR)

    def put(self, start: int, end: int, words: str) -> None:
        """Note whose the bytes from `start` to `end` are."""
        with suppress(OSError):  # a full disk, or a task that closed the file: then less is known
            os.write(self._file.number, f"{start} {end} {words}\n".encode())


def index_here() -> Index | None:
    """Return the index of the log that standard output is, None if it is no element's log.

    From then on both streams have one position, if both were that log.
    """
    try:
        out, err, path = os.fstat(1), os.fstat(2), path_of(1)
        if not stat.S_ISREG(out.st_mode) or path.suffix != ".log" or path.parent.name != "logs":
            return None
        if (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino):
            os.dup2(1, 2)
        return Index(path)
    except OSError:
        return None


def marks_of(record: Record) -> Marks | None:
    """Return what notes the output of this process's worker; None where no log is kept, as by hand."""
    if not record.submission:
        return None
    who = f"{record.worker} {record.host} {record.life}"
    if record.worker:
        return PipeMarks(who)
    if (index := index_here()) is None:
        return None
    with suppress(AttributeError):  # whoever follows the log sees lines when they come, in their order with a child's
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it may be another stream
    return LogMarks(index, who)


class LogMarks:
    """Meets `Marks` for the only worker that writes to a log."""

    def __init__(self, index: Index, who: str) -> None:
        self._index, self._who, self._at, self._log = index, who, 0, index.log
        with suppress(Exception):  # as below
            self._at = self._position()
        index.put(self._at, self._at, f"- {BEGAN} {who}")

    def begin(self) -> None:
        with suppress(Exception):  # a task may have closed, or replaced, anything
            if (at := self._position()) != self._at:
                self._index.put(at, at, f"- {BETWEEN} {self._who}")
                self._at = at

    def end(self, digest: bytes, how: str, seconds: float) -> None:
        try:  # as in _position, which a call more would make dearer: this is asked after each task of a microsecond
            sys.stdout.flush()
            sys.stderr.flush()
            at = os.lseek(self._log, 0, os.SEEK_CUR)
        except Exception:  # as above
            return
        if at != self._at:
            self._index.put(self._at, at, f"{digest.hex()} {how} {self._who}")
            self._at = at

    def _position(self) -> int:
        sys.stdout.flush()
        sys.stderr.flush()
        return self._index.position()


class PipeMarks:
    """Meets `Marks` for one of several workers of a log, behind `take_note_of_writes`."""

    def __init__(self, who: str, pipe: int = 1) -> None:
        self._who, self._pipe = who, pipe
        self._wrote()
        self._tell(f"- {BEGAN} {who}")

    def begin(self) -> None:
        if self._wrote():
            self._tell(f"- {BETWEEN} {self._who}")

    def end(self, digest: bytes, how: str, seconds: float) -> None:
        if self._wrote() or seconds > LONG:
            self._tell(f"{digest.hex()} {how} {self._who}")

    @staticmethod
    def _wrote() -> bool:
        """Return whether Python wrote anything since this was last asked, and have all of it written."""
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except Exception:  # noqa: S110  # as above
            pass
        wrote, _Noted.wrote = _Noted.wrote, False
        return wrote

    def _tell(self, words: str) -> None:
        with suppress(OSError):
            os.write(self._pipe, b"\x1ejughpc %s\x1e" % words.encode())  # at once, for less than PIPE_BUF


class _Noted(io.FileIO):
    """A descriptor on whose streams it is noted whether anything was written."""

    wrote = False

    def write(self, data: Any, /) -> int:
        _Noted.wrote = True
        return super().write(data)


def take_note_of_writes() -> None:
    """Put streams in the place of this process's, on the same descriptors, of which PipeMarks can tell."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        former = getattr(sys, name)
        with suppress(OSError, ValueError):
            former.flush()
        raw = io.BufferedWriter(_Noted(number, "wb", closefd=False))
        encoding, errors = (getattr(former, what, None) for what in ("encoding", "errors"))
        setattr(sys, name, io.TextIOWrapper(raw, encoding, errors, line_buffering=True))
