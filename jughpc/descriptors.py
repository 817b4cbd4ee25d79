"""What this process has open, by the numbers that the system gave."""

from __future__ import annotations

import errno
import os
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


def has_files_open() -> bool:
    """Return whether any file that has a name is open, standard streams and devices aside."""
    return any(number > 2 and path[0] == "/" and path[:5] != "/dev/" for number, path in open_files().items())


def _file_at(number: int) -> tuple[int, int] | None:
    """Return what is open by that number, None if nothing is."""
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino
