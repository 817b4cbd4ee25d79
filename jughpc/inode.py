"""What lies under one name: who may use what is made there, and whether it is the regular file that was meant."""

from __future__ import annotations

import errno
import mmap
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

Buffer = bytes | bytearray | memoryview

IN_PLACE = "something that is no file stands in its place"

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
        if not mode & 0o077:  # as what is to be made in it
            return cls(0o600)
        if mode & stat.S_IWGRP and not mode & stat.S_IWOTH:  # not what is everybody's, as /tmp
            return cls(0o666, 0o060 & _umask())
        return cls(0o666)

    def create(self, path: str, flags: int, mode: int | None = None) -> int:
        """Create a file; return its descriptor. Raises OSError if a link or anything but a file has the name.

        Args:
            mode: Who may use it, if that is not as usual here.
        """
        handle = open_own(path, flags | os.O_CREAT, self.mode if mode is None else mode)
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

    def let_group(self, folder: Path) -> None:
        """Let the group use what this user made in `folder` and below, if it is to; no link is followed."""
        if self.missing and folder.is_dir():
            for _, _, names, place in os.fwalk(folder):
                _let_group(place, 0o070)
                for name in names:
                    with suppress(OSError):
                        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
                        try:
                            _let_group(handle, 0o060)
                        finally:
                            os.close(handle)


def make_private(folder: Path) -> None:
    """Make a folder that nobody else may enter, or that of it which is there; what is made in it is private by that."""
    folder.mkdir(0o700, parents=True, exist_ok=True)
    if stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)


def _let_group(handle: int, bits: int) -> None:
    """Let the group use what is open there, unless it has another name elsewhere, or is no file and no folder."""
    about = os.fstat(handle)
    if stat.S_ISDIR(about.st_mode) or (stat.S_ISREG(about.st_mode) and about.st_nlink == 1):
        with suppress(PermissionError):  # it is another's
            os.fchmod(handle, stat.S_IMODE(about.st_mode) | bits)


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def open_regular(path: str) -> tuple[int, int]:
    """Open a file to be read; return its descriptor and size [bytes]. Raises OddFileError."""
    handle = _open_there(path, os.O_RDONLY)
    try:
        return handle, _checked(handle, path).st_size
    except BaseException:
        os.close(handle)
        raise


def open_to_rewrite(path: str) -> int:
    """Open a file that is there to be written to; return its descriptor. Raises FileNotFoundError, OddFileError."""
    handle = _open_there(path, os.O_WRONLY)
    try:
        _checked(handle, path)
    except BaseException:
        os.close(handle)
        raise
    return handle


def open_own(path: str, flags: int, mode: int = 0o666) -> int:
    """Open or create a file of ours to be written to; what others put in its place, a link or a pipe, is not used.

    Raises OSError that names `path`: FileExistsError also for what is no file.
    """
    try:
        handle = os.open(path, flags | os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, mode)
    except OSError as error:
        if error.errno in _ODD:
            raise FileExistsError(errno.EEXIST, IN_PLACE, path) from error
        raise
    if not flags & os.O_EXCL and not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FileExistsError(errno.EEXIST, IN_PLACE, path)
    return handle


def new_token() -> str:
    """Return eight digits that nothing else has in its name; `secrets`, which does the same, takes eight modules."""
    return os.urandom(4).hex()


def create_new(path: str) -> int:
    """Create a file, as the umask has it; return its descriptor. Raises FileExistsError."""
    return open_own(path, os.O_CREAT | os.O_EXCL)


def check_inside(root: str, folder: str) -> bool:
    """Return whether `folder`, below `root`, is there. Raises NotADirectoryError if a link is on the way to it."""
    place = root
    for part in filter(None, folder.split("/")):
        place = f"{place}/{part}"
        try:
            found = os.lstat(place)
        except FileNotFoundError:
            return False
        if stat.S_ISLNK(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "a link stands in place of a folder", place)
    return True


def files_below(folder: str) -> Iterator[str]:
    """Yield what lies in a folder and below, but for folders; links are not followed, what vanishes is no error."""
    for place, _, names in os.walk(folder):
        yield from (f"{place}/{name}" for name in names)


def remove_own(path: str) -> None:
    """Delete a file of ours; a folder that stands in its place is not, and is put out of the way."""
    try:
        os.unlink(path)
    except IsADirectoryError:
        os.rename(path, f"{path}.corrupt")


def _open_there(path: str, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)  # the latter for pipes nobody writes to
    except OSError as error:
        if error.errno in _ODD:
            raise OddFileError(error.errno, "no regular file", path) from error
        raise


def _checked(handle: int, path: str) -> os.stat_result:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        raise OddFileError(errno.ENOENT, "no regular file", path)
    return found


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


def fill(handle: int, parts: Iterable[Buffer], path: str, safe: bool = True) -> None:
    """Write `parts` to the new file `path` and close it. Raises OSError that names it.

    Args:
        safe: On disk on return.
    """
    with closing(handle, path):
        for part in parts:
            _write_all(handle, part)
        if safe and parts:  # an empty file has no content to lose
            os.fsync(handle)


@contextmanager
def closing(handle: int, path: str) -> Iterator[None]:
    """Close `path`, which is written to here, at the end. Raises OSError that names it: NFS may report EDQUOT there."""
    try:
        yield
        closed, handle = handle, -1
        os.close(closed)
    except OSError as error:
        error.filename = error.filename or path
        raise
    finally:
        if handle >= 0:
            with suppress(OSError):
                os.close(handle)


def _write_all(handle: int, data: Buffer) -> None:
    view = memoryview(data).cast("B")
    while view:
        view = view[os.write(handle, view) :]
