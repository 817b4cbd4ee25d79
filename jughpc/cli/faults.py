"""What a fault of the world is in words: which file, what is wrong with it, and what to do."""

from __future__ import annotations

import errno
import os
import select
import sys
import traceback
from contextlib import suppress
from typing import TextIO

from jughpc import refusals

_STDOUT = "standard output"
_NO_MEMORY = ("failed to map segment", "cannot allocate memory", "Cannot allocate memory")  # the words of ld.so
_NO_THREAD = "can't start new thread"


def words(error: OSError | MemoryError) -> str:
    """Return one line on `error`."""
    if isinstance(error, MemoryError):
        return f"there is too little memory; {refusals.step(error)}."
    if _is_folder_gone():
        return "the folder that you are in was removed; go to another: cd"
    if error.filename is None and _is_of_echo(error):
        error.filename = _STDOUT
    return f"{refusals.fact(error)}; {refusals.step(error)}."


def of_loading(error: Exception) -> OSError | MemoryError | None:
    """Return the fault of the world behind what a library or a thread could not be started for, None if it is ours."""
    text = str(error)
    if any(words in text for words in _NO_MEMORY):
        return MemoryError()
    return OSError(errno.EAGAIN, "no thread could be started") if _NO_THREAD in text else None


def is_reader_gone() -> bool:
    """Return whether nobody reads what this process puts out any more: `jughpc status | head -1`."""
    poll = select.poll()
    for number in (1, 2):
        poll.register(number, 0)
    try:
        return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
    except OSError:
        return False


def fill_gaps() -> None:
    """Open what this process was started without of its standard streams: else a file of ours gets that number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:  # and the user's code, or a library's, writes to it
            stream = open(number, "w" if number else "r", errors="backslashreplace", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def let_go() -> bool:
    """Put out what is left, and have nothing go wrong with it when Python ends; return whether all was put out."""
    done = True
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        if not _flushes(stream):
            done = False
            _to_nowhere(number)
    return done


def _flushes(stream: TextIO | None) -> bool:
    try:
        if stream is not None:
            stream.flush()
    except (OSError, ValueError):
        return False
    return True


def _to_nowhere(number: int) -> None:
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def _is_of_echo(error: BaseException) -> bool:
    """Return whether it was met while something was put out: such an error names no file."""
    return any(frame.f_code.co_name in ("echo", "flush") for frame, _ in traceback.walk_tb(error.__traceback__))


def _is_folder_gone() -> bool:
    try:
        os.getcwd()
    except OSError:
        return True
    return False
