"""What a fault of the world is in words: which file, what is wrong with it, and what to do."""

from __future__ import annotations

import errno
import os
import select
import sys
import traceback
from contextlib import suppress
from typing import TextIO

_STEPS = {
    errno.ENOSPC: "free some space there (df -h, df -i), then run the command again",
    errno.EDQUOT: "your quota is used up: remove what you need no more, then run the command again",
    errno.EROFS: "it is mounted read-only: ask its administrators, or name another folder",
    errno.EACCES: "ask its owner for access (ls -ld shows who that is), or name another",
    errno.EPERM: "ask its owner for access (ls -ld shows who that is), or name another",
    errno.EMFILE: "this shell lets a process open too few files: raise `ulimit -n`",
    errno.ENFILE: "this host has no room for open files: try again later, or on another",
    errno.ENOMEM: "there is too little memory: raise `ulimit -v`, or use another host",
    errno.EAGAIN: "too many processes or threads: raise `ulimit -u`, or end some",
    errno.EFBIG: "this shell lets a file grow no further: raise `ulimit -f`",
    errno.ENOENT: "it was removed, or never was there: look whether the path is right",
    errno.ENOTDIR: "a file stands where a folder was meant: look whether the path is right",
    errno.EISDIR: "a folder stands where a file was meant: move it out of the way",
    errno.ELOOP: "a link leads nowhere: remove it",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.ESTALE: "the file server lost it: run the command again",
}
_OTHERWISE = "run the command again once the file system works"
_STDOUT = "standard output"


def words(error: OSError | MemoryError) -> str:
    """Return one line on `error`."""
    if isinstance(error, MemoryError):
        return f"there is too little memory; {_STEPS[errno.ENOMEM]}."
    if _is_folder_gone():
        return "the folder that you are in was removed; go to another: cd"
    what = ", ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    if not what and _is_of_echo(error):
        what = _STDOUT
    step = getattr(error, "advice", "") or _STEPS.get(error.errno or 0, _OTHERWISE)
    said = error.strerror or str(error) or type(error).__name__
    return f"{what}: {said}; {step}." if what else f"{said}; {step}."


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
