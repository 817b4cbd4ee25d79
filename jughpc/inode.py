"""What lies under one name: who may use it, whether it is the regular file that was meant, and its content."""

from __future__ import annotations

import errno
import mmap
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MAY_CHANGE = 4096  # [bytes] no larger file is ever rewritten in place
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


def forget(handle: int) -> None:
    """Have the next read ask the server, whatever this client has cached."""
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def read(path: str, limit: int) -> bytes:
    """Return the content of the regular file at `path`, at most `limit` bytes of it unless that is negative."""
    handle, size = open_regular(path)
    with open(handle, "rb", buffering=0) as file:
        if size <= _MAY_CHANGE and limit <= _MAY_CHANGE:
            forget(handle)  # two rewrites in one tick: see OsFiles._may_be_cached_too_early
        if limit >= 0:
            return file.read(min(limit, size)) or b""
        return file.readall()


def map_whole(path: str) -> memoryview:
    """Return the content of the regular file at `path`, which never changes, as private memory."""
    handle, size = open_regular(path)
    try:
        if not size:  # an empty file cannot be mapped
            return memoryview(b"")
        return memoryview(mmap.mmap(handle, size, access=mmap.ACCESS_COPY))
    finally:
        os.close(handle)


def fill(handle: int, parts: Sequence[bytes | bytearray | memoryview]) -> None:
    """Write `parts` to a file that was just created, have the server keep them, and close it."""
    try:
        for part in parts:
            _write_all(handle, part)
        if parts:  # an empty file has no content to lose
            os.fsync(handle)
    except BaseException:
        with suppress(OSError):
            os.close(handle)
        raise
    os.close(handle)  # NFS may report EDQUOT only here


def _write_all(handle: int, data: bytes | bytearray | memoryview) -> None:
    view = memoryview(data).cast("B")
    while view:
        view = view[os.write(handle, view) :]
