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
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from jughpc.inode import Buffer as Buffer
from jughpc.inode import Sharing, check_inside, closing, fill, map_whole, open_to_rewrite, read, remove_own
from jughpc.listing import Listings

T = TypeVar("T")

_NO_HOME = Path("/nonexistent")
_NO_LINKS = frozenset({errno.EPERM, errno.EXDEV, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
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
        self._listings = Listings(root)
        self._links = HardLinks()
        self._seen: set[str] = set()

    def names(self, folder: str) -> list[str]:
        return self._listings.names(folder)

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


def again_if_stale(action: Callable[[], T]) -> T:
    """Return what `action` does, which looks a file up by name: its handle may go stale on the way there."""
    for _ in range(_STALE):
        try:
            return action()
        except OSError as error:  # noqa: PERF203  # mostly one try, and it is a network call
            if error.errno != errno.ESTALE:
                raise
    return action()
