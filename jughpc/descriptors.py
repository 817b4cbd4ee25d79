"""What this process has open, by the numbers that the system gave."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path


class Descriptor:
    """A descriptor that code of the user's may close, and by whose number it may then have opened another file."""

    def __init__(self, number: int) -> None:
        self._number, self._file = number, _file_at(number)

    @property
    def number(self) -> int:
        """The descriptor. Raises OSError if it is ours no more."""
        if not self.is_ours():
            raise OSError(errno.EBADF, f"descriptor {self._number} was closed by other code of this process")
        return self._number

    def is_ours(self) -> bool:
        """Return whether it is still what it was."""
        return self._file is not None and _file_at(self._number) == self._file

    def close(self) -> None:
        """Close it, unless somebody did."""
        if self.is_ours():
            os.close(self._number)


def path_of(number: int) -> Path:
    """Return what file a descriptor of this process is, as it is called now. Raises OSError."""
    return Path(os.readlink(f"/proc/self/fd/{number}"))


def open_files() -> dict[int, str]:
    """Return what this process has open, by descriptor: a path, or a word such as ``socket:[123]``."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # it was open for this listing alone
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return found


def is_connected(number: int) -> bool:
    """Return whether a socket is connected to a server over a network."""
    import socket  # only now: few have any open

    try:
        with socket.socket(fileno=os.dup(number)) as wire:
            return wire.family in (socket.AF_INET, socket.AF_INET6) and bool(wire.getpeername())
    except OSError:  # it is not, or not any more
        return False


def is_only_read(number: int) -> bool:
    """Return whether a regular file is open by that number, for reading alone."""
    try:
        is_read = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        return is_read and stat.S_ISREG(os.fstat(number).st_mode)
    except OSError:
        return False


def read_by_oneself() -> None:
    """Read files from a place of one's own on: processes that were forked read on where any of them stopped."""
    for number in filter(is_only_read, open_files()):
        with suppress(OSError):  # too many are open, or it may be read no more: it stays as it is
            _open_again(number)


def has_files_open() -> bool:
    """Return whether any file that has a name is open, standard streams and devices aside."""
    return any(number > 2 and path[0] == "/" and path[:5] != "/dev/" for number, path in open_files().items())


def _open_again(number: int) -> None:
    other = os.open(f"/proc/self/fd/{number}", os.O_RDONLY)
    try:
        os.lseek(other, os.lseek(number, 0, os.SEEK_CUR), os.SEEK_SET)
        os.dup2(other, number, inheritable=os.get_inheritable(number))
    finally:
        os.close(other)


def _file_at(number: int) -> tuple[int, int] | None:
    """Return what is open by that number, None if nothing is."""
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino
