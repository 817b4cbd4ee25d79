"""Files and Clock: the two ports through which jughpc shares anything, and the real ones.

Every byte that hosts share passes through `Files`. The port is narrow on purpose: few verbs, all of
them safe over NFS, few enough to simulate faithfully. `exists` and `stat` are absent because a
client may answer them from a cache that is 50 s old; `names` is always fresh.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from jughpc.inode import Buffer as Buffer
from jughpc.inode import Sharing, check_inside, closing, fill, forget, map_whole, open_to_rewrite, read, remove_own

T = TypeVar("T")

_NO_HOME = Path("/nonexistent")
_TICK = 0.1  # [s] longer than a tick of any server's clock, by which two changes may have one stamp
_NO_LINKS = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
_AT_ONCE = 32  # names that every system lists in one moment: a server of NFS reads a folder by pages of 4 KiB
_MOVING = 4  # times that a folder is listed which changes all the time
_STALE = 3  # times that a stale handle is looked up again: another client may go on replacing the file


class Clock(Protocol):
    """Time as one process sees it; never compared with another host's."""

    def now(self) -> float:
        """Return seconds since an arbitrary origin, suspended time not counted: for judging others."""

    def uptime(self) -> float:
        """Return seconds since an arbitrary origin, suspended time counted: for judging oneself."""

    def wall(self) -> float:
        """Return Unix seconds by this host's clock: for people to read and for deadlines."""

    def sleep(self, seconds: float) -> None:
        """Block for `seconds`."""


class LinksRefusedError(OSError):
    """A file system has no hard links, or no more of them."""


class RootGoneError(FileNotFoundError):
    """A shared folder was removed or renamed while it was used: the one above it is there, and it is not."""

    advice = "a new run makes it anew"


class Files(Protocol):
    """A shared folder. Paths are relative to it, with forward slashes.

    Every verb may raise OSError; the ones named below have a meaning of their own.
    """

    def names(self, folder: str) -> list[str]:
        """Return the names in `folder` as the server has them now, in no order; [] if it is absent."""

    def read(self, path: str, limit: int = -1) -> bytes:
        """Return the content as of this open, at most `limit` bytes of it. Raises FileNotFoundError."""

    def map(self, path: str) -> memoryview:
        """Return the content of a file that never changes, as private copy-on-write memory.

        Raises FileNotFoundError.
        """

    def write(self, path: str, parts: Iterable[Buffer], mode: int | None = None) -> None:
        """Create `path` with `parts`, its content safe on the server's disk on return.

        Makes missing folders. On any error `path` may exist, with part of the content.
        Raises FileExistsError if it was there: of many callers exactly one creates it.

        Args:
            mode: Who may use it from its first moment on, less what the umask takes; None for who may use its folder.
        """

    def save(self, path: str, parts: Iterable[Buffer]) -> None:
        """Create `path`, or overwrite all of it, its content safe on the server's disk on return.

        For a name that nobody else writes, or that all write alike. Makes missing folders. On any error
        `path` may exist, with part of the content.
        """

    def rewrite(self, path: str, data: Buffer) -> None:
        """Overwrite the first `len(data)` bytes in place. Raises FileNotFoundError; never creates."""

    def rename(self, old: str, new: str) -> None:
        """Give `old` the name `new`, whatever had it. Raises FileNotFoundError."""

    def link(self, old: str, new: str) -> None:
        """Give `old` the second name `new`.

        Raises FileExistsError, which after a lost reply may report one's own success, and
        LinksRefusedError: this file system has none. Who was refused once is from then on without asking.
        """

    def remove(self, path: str) -> None:
        """Delete `path`; a missing one is no error. A folder there is set aside as `<path>.corrupt`."""

    def touch(self, path: str) -> None:
        """Make a file as young as if it had been read and written now. Raises FileNotFoundError."""

    def make_folder(self, folder: str) -> None:
        """Make `folder` and those above it; one that is there is no error."""


def environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return dict(os.environ)


def put_in_environment(name: str, value: str) -> None:
    """Let all processes that this one starts from now on find `value` in their environment."""
    os.environ[name] = value


def home() -> Path:
    """Return this user's home, or a folder that does not exist where there is none: a container may know no user."""
    try:
        found = Path.home()
    except RuntimeError:
        return _NO_HOME
    return found if found.is_absolute() else _NO_HOME


def free_space(folder: Path) -> tuple[int, int | None]:
    """Return what an ordinary user may still store where `folder` lies: bytes, and files if these are counted."""
    free = os.statvfs(folder)
    return free.f_bavail * free.f_frsize, free.f_favail if free.f_files else None


class OsClock:
    """The clocks of this host."""

    def now(self) -> float:
        return time.monotonic()

    uptime = staticmethod(partial(time.clock_gettime, time.CLOCK_BOOTTIME))  # a million tasks ask: no function of ours

    def wall(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass
class _Stamp:
    """What a folder's stamp was when it was last listed.

    Attributes:
        changed: The server's stamp of its last change [ns].
        seen: When this stamp was first seen [s].
        settled: Whether it was listed so long after that no further change can have the same stamp.
    """

    changed: int
    seen: float
    settled: bool = False


class HardLinks:
    """Whether there are hard links in one folder, learned once; for whoever meets `Files`."""

    def __init__(self) -> None:
        self._refusal: tuple[int | None, str] | None = None

    def make(self, new: str, action: Callable[[], None]) -> None:
        """Do `action`, which makes the hard link `new`. Raises LinksRefusedError, and does not try after the first."""
        if self._refusal:
            raise LinksRefusedError(*self._refusal, new)
        try:
            action()
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            self._refusal = (error.errno, error.strerror or str(error))
            raise LinksRefusedError(*self._refusal, new) from error


class OsFiles:
    """`Files` on a real directory, local or NFS.

    Who may read and write what is made in it follows from the directory itself, or the next one above that is there:
    where its group may write, so may it everything, whatever the umask; where nobody but its owner may do anything,
    it is the same everywhere; else the umask says.
    """

    def __init__(self, root: Path, *, make_root: bool = True) -> None:
        """Make nothing yet.

        Args:
            root: The directory.
            make_root: Whether writing makes it where it is absent; if not, that raises RootGoneError, or
                FileNotFoundError where the folder above is absent, too: its file system may come back.
        """
        self.root, self._make_root = root, make_root
        self._sharing: Sharing | None = None
        self._prefix = f"{root}/"
        self._stamps: dict[str, _Stamp] = {}
        self._links = HardLinks()
        self._seen: set[str] = set()

    def names(self, folder: str) -> list[str]:
        try:
            return self._list(folder)
        except FileNotFoundError:
            return self._list_new(folder)

    def read(self, path: str, limit: int = -1) -> bytes:
        return again_if_stale(lambda: read(self._prefix + path, limit))

    def map(self, path: str) -> memoryview:
        return again_if_stale(lambda: map_whole(self._prefix + path))

    def write(self, path: str, parts: Iterable[Buffer], mode: int | None = None) -> None:
        fill(self._create(path, os.O_EXCL, mode), parts, self._prefix + path)

    def save(self, path: str, parts: Iterable[Buffer]) -> None:
        fill(self._create(path, os.O_TRUNC), parts, self._prefix + path)  # on NFS an exclusive one costs a call more

    def rewrite(self, path: str, data: Buffer) -> None:
        whole = self._inside(path)
        handle = open_to_rewrite(whole)
        with closing(handle, whole):  # close-to-open: the server has it then
            os.pwrite(handle, data, 0)

    def rename(self, old: str, new: str) -> None:
        os.rename(self._inside(old), self._inside(new))

    def link(self, old: str, new: str) -> None:
        self._links.make(new, lambda: self._link(self._inside(old), self._inside(new)))

    def remove(self, path: str) -> None:
        with suppress(FileNotFoundError):
            remove_own(self._inside(path))

    def touch(self, path: str) -> None:
        os.utime(self._inside(path), follow_symlinks=False)  # by the server's clock

    def make_folder(self, folder: str) -> None:
        self._make_folders(self._inside(f"{folder}/"))

    def _list(self, folder: str) -> list[str]:
        handle = os.open(self._prefix + folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return at_one_moment(
                lambda stamp: self._list_open(folder, handle, stamp), lambda: os.fstat(handle).st_mtime_ns
            )
        finally:
            os.close(handle)

    def _list_open(self, folder: str, handle: int, changed: int) -> list[str]:
        if self._may_be_cached_too_early(folder, changed):
            forget(handle)
        return os.listdir(handle)

    def _may_be_cached_too_early(self, folder: str, changed: int) -> bool:
        """Return whether `folder`, whose stamp is `changed`, may have changed after this client cached its listing.

        An NFS 3 client knows a change by the stamp alone, and the server's clock ticks every 1 to 10 ms: of two
        changes in one tick it sees one, for ever (tests/nfs).
        """
        now, stamp = time.monotonic(), self._stamps.get(folder)
        if stamp is None or stamp.changed != changed:
            stamp = self._stamps[folder] = _Stamp(changed, now)
        elif stamp.settled:
            return False
        stamp.settled = now - stamp.seen > _TICK
        return True

    def _list_new(self, folder: str) -> list[str]:
        """List a folder that seems absent: NFS says so for 30 s more, unless those above were opened."""
        with suppress(FileNotFoundError):
            if self._may_be_there(folder):
                return self._list(folder)
        return []

    def _may_be_there(self, folder: str) -> bool:
        """Open the folder above, by which names in it are looked up anew. Raises FileNotFoundError."""
        above, _, name = folder.rpartition("/")
        if not above:  # few names lie there; one that an NFS 3 client took for absent in the same tick is found so
            return name in self._list(above)
        try:
            os.close(os.open(self._prefix + above, os.O_RDONLY | os.O_DIRECTORY))
        except FileNotFoundError:
            if not self._may_be_there(above):
                return False
            os.close(os.open(self._prefix + above, os.O_RDONLY | os.O_DIRECTORY))
        return True

    def _link(self, old: str, new: str) -> None:
        try:
            os.link(old, new)
        except FileNotFoundError:
            self._make_folders(os.path.dirname(new))
            os.link(old, new)

    def _create(self, path: str, how: int, mode: int | None = None) -> int:
        whole, sharing = self._inside(path), self._shared()
        try:
            return sharing.create(whole, how, mode)
        except FileNotFoundError:
            self._make_folders(os.path.dirname(whole))
            return sharing.create(whole, how, mode)

    def _inside(self, path: str) -> str:
        """Return the whole path of what is to be changed. Raises NotADirectoryError if a link leads elsewhere.

        Each folder is looked at once: who may put links there later may write there anyhow.
        """
        folder = path.rpartition("/")[0]
        if folder not in self._seen and check_inside(f"{self.root}", folder):
            self._seen.add(folder)
        return self._prefix + path

    def _make_folders(self, path: str) -> None:
        """Make a folder and those above it."""
        folder = path.rstrip("/")
        if not folder or os.path.isdir(path):
            return
        if not self._make_root and len(folder) < len(self._prefix):
            raise self._root_is_absent()
        self._make_folders(os.path.dirname(folder))
        self._shared().make_folder(path)

    def _root_is_absent(self) -> FileNotFoundError:
        if os.path.isdir(os.path.dirname(os.path.realpath(self.root))):
            return RootGoneError(errno.ENOENT, "it was removed or renamed", str(self.root))
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.root))

    def _shared(self) -> Sharing:
        if self._sharing is None:
            self._sharing = Sharing.of(self.root)
        return self._sharing


def at_one_moment(names: Callable[[int], list[str]], changed: Callable[[], int]) -> list[str]:
    """Return a folder's names as they were at one moment: what is moved meanwhile is there under one of its names.

    A folder of many names is read piece by piece, and both names of what is moved may lie in the wrong pieces.

    Args:
        names: Reads the folder, whose last change was at this stamp.
        changed: Returns the stamp of the folder's last change.
    """
    for _ in range(_MOVING):
        stamp = changed()
        found = names(stamp)
        if len(found) <= _AT_ONCE or changed() == stamp:
            break
    return found


def again_if_stale(action: Callable[[], T]) -> T:
    """Return what `action` does, which looks a file up by name: its handle may go stale on the way there."""
    for _ in range(_STALE):
        try:
            return action()
        except OSError as error:  # noqa: PERF203  # mostly one try, and it is a network call
            if error.errno != errno.ESTALE:
                raise
    return action()
