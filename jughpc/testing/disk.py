"""The disk of a simulated file server: folders, names and files, as the server has them now."""

from __future__ import annotations

import errno
import itertools
from collections.abc import Callable

Time = Callable[[], float]


class Inode:
    """One file, whatever its names.

    Attributes:
        data: Its content on the server.
        mapped: Whether some client has had it open, and may have it so for ever.
        replaced: The name that a rename last gave to another file, and when [s].
    """

    __slots__ = ("data", "mapped", "replaced")

    def __init__(self) -> None:
        self.data = b""
        self.mapped = False
        self.replaced = "", 0.0


class Disk:
    """Every verb takes effect at once and whole: the server does one thing after the other.

    Args:
        time: The server's clock [s].
    """

    def __init__(self, time: Time) -> None:
        self.time = time
        self._numbers = itertools.count()
        self._folders: dict[str, dict[str, Inode | None]] = {}  # None is a folder

    def names(self, folder: str) -> list[str]:
        """Return the names in `folder` in the order they were made, [] if it is absent."""
        return list(self._folders.get(folder, ()))

    def paths(self) -> list[str]:
        """Return the paths of all files."""
        return [f"{folder}/{name}" for folder, names in self._folders.items() for name, inode in names.items() if inode]

    def find(self, path: str) -> Inode | None:
        """Return the file called `path`, None if there is none."""
        folder, _, name = path.rpartition("/")
        return self._folders.get(folder, {}).get(name)

    def make_folder(self, folder: str) -> None:
        """Make `folder` and those above it."""
        if folder not in self._folders:
            self._folders[folder] = {}
            if folder:
                above, _, name = folder.rpartition("/")
                self.make_folder(above)
                self._folders[above][name] = None

    def add(self, path: str, inode: Inode) -> None:
        """Give `inode` a name. Raises FileExistsError."""
        folder, _, name = path.rpartition("/")
        self.make_folder(folder)
        if name in self._folders[folder]:
            raise FileExistsError(errno.EEXIST, "file exists", path)
        self._folders[folder][name] = inode

    def rename(self, old: str, new: str) -> None:
        """Move a name. Raises FileNotFoundError."""
        inode, (folder, _, name) = self.find(old), new.rpartition("/")
        if inode is None or folder not in self._folders:
            raise FileNotFoundError(errno.ENOENT, "no such file", old if inode is None else new)
        former = self._folders[folder].get(name)
        if former is inode:
            return  # rename(2): two names of one file both stay
        if former:
            former.replaced = new, self.time()
        self._folders[folder][name] = inode
        self._drop(old)

    def remove(self, path: str) -> None:
        """Take a name away, if it is there; a file that is open somewhere keeps one that means nothing."""
        folder, _, _ = path.rpartition("/")
        inode = self._drop(path)
        if inode and inode.mapped:
            self._folders[folder][f".nfs{next(self._numbers):024x}"] = inode

    def _drop(self, path: str) -> Inode | None:
        folder, _, name = path.rpartition("/")
        return self._folders.get(folder, {}).pop(name, None)
