"""What lies under one name: who may use what is made there, and whether it is the regular file that was meant."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_ODD = frozenset({errno.ELOOP, errno.ENXIO, errno.ENODEV})  # of a link, a socket, a device without a driver


class OddFileError(FileNotFoundError):
    """Something stands there that is no regular file: a link, a pipe, a device, a folder; what was meant is absent."""


@dataclass(frozen=True)
class Sharing:
    """Who may use what is made in one folder.

    Attributes:
        mode: With which files are asked for; folders and the umask follow from it.
        missing: What the umask takes from a file that the group is to write, too.
    """

    mode: int
    missing: int = 0

    @classmethod
    def of(cls, folder: Path) -> Sharing:
        """Return what holds in `folder`, or is to hold once it is made."""
        there = next((place for place in (folder, *folder.absolute().parents) if place.is_dir()), Path("/"))
        mode = there.stat().st_mode
        if there == folder and not mode & 0o077:
            return cls(0o600)
        if mode & stat.S_IWGRP and not mode & stat.S_IWOTH:  # not what is everybody's, as /tmp
            return cls(0o666, 0o060 & _umask())
        return cls(0o666)

    def create(self, path: str, flags: int, mode: int | None = None) -> int:
        """Create a file, for whom `mode` says if it says so; return its descriptor."""
        handle = os.open(path, flags, self.mode if mode is None else mode)
        if self.missing and mode is None:
            with suppress(PermissionError):  # it was there, and is another's
                os.fchmod(handle, stat.S_IMODE(os.fstat(handle).st_mode) | 0o060)
        return handle

    def make_folder(self, path: str) -> None:
        """Make a folder, unless it is there. One in which others are to write keeps the group of the folder above."""
        try:
            os.mkdir(path, 0o777 if self.mode & 0o066 else 0o700)
        except FileExistsError:
            if not os.path.isdir(path):
                raise
            return
        if self.missing:
            os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) | 0o070)  # noqa: S103  # as the folder above


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def open_regular(path: str) -> tuple[int, int]:
    """Open a file to be read; return its descriptor and size [bytes]. Raises OddFileError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # the latter for pipes nobody writes to
    except OSError as error:
        if error.errno in _ODD:
            raise OddFileError(error.errno, "no regular file", path) from error
        raise
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OddFileError(errno.ENOENT, "no regular file", path)
    except BaseException:
        os.close(handle)
        raise
    return handle, found.st_size
