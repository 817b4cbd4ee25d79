"""Folders of tasks' own in a jugdir: what a task saves on its way to a result, for its next run to go on from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from jughpc.fs import Files
from jughpc.inode import Sharing, check_inside, files_below

CHECKPOINTS = "checkpoints"

_DIGEST = re.compile(r"[0-9a-f]{32}")


class Saved(NamedTuple):
    """What a task saved so far.

    Attributes:
        path: The folder (absolute).
        files: How many there are in it, and below.
        size: What they take [bytes].
        when: When the latest was saved, by the file server's clock [Unix ns], 0 for never.
    """

    path: Path
    files: int = 0
    size: int = 0
    when: int = 0


class Checkpoints:
    """The folders below `root`, the jugdir, by the digests of their tasks; what is in them is the tasks'.

    Files of users' programs lie there, of any name and any kind, so the port for what hosts share has no part in them.
    No link is followed: neither one in such a folder nor one in its place.
    """

    def __init__(self, root: Path, files: Files) -> None:
        self._root, self._files = root, files

    def make(self, digest: bytes) -> Path:
        """Return the folder of a task (absolute); make it if need be. Raises OSError.

        What stands in its place and is none, a file or a link, is put out of the way.
        """
        folder = f"{CHECKPOINTS}/{digest.hex()}"
        try:
            self._files.make_folder(folder)
        except (FileExistsError, NotADirectoryError):
            self._files.rename(folder, f"{folder}.corrupt")
            self._files.make_folder(folder)
        return self._root.absolute() / folder

    def share(self, folder: Path) -> None:
        """Let all who may write in the jugdir go on from what is in a task's folder, whatever umask the task had."""
        Sharing.of(self._root).let_group(folder)

    def there(self) -> set[bytes]:
        """Return the tasks that have a folder now; one listing."""
        return {bytes.fromhex(name) for name in self._files.names(CHECKPOINTS) if _DIGEST.fullmatch(name)}

    def remove(self, digests: Iterable[bytes]) -> int:
        """Remove the folders of these tasks, with all that is in them; return how many there were. Raises OSError."""
        found = self.there().intersection(digests)
        for digest in found:
            self.remove_one(digest)
        return len(found)

    def remove_one(self, digest: bytes) -> None:
        """Remove the folder of one task, if there is one. Raises OSError."""
        if check_inside(str(self._root), CHECKPOINTS):
            path = self._path(digest)
            with suppress(FileNotFoundError):
                try:
                    path.unlink()  # a link, or whatever else stands in its place
                except IsADirectoryError:
                    import shutil  # only now: most workers need it never

                    shutil.rmtree(path)

    def saved(self, digest: bytes) -> Saved | None:
        """Return what a task saved so far, None if it has no folder."""
        if digest not in self.there():
            return None
        found = list(filter(None, map(_about, self.paths(digest))))
        sizes, times = [size for size, _ in found], [when for _, when in found]
        return Saved(self._path(digest), len(found), sum(sizes), max(times, default=0))

    def paths(self, digest: bytes) -> Iterator[Path]:
        """Yield the files that a task saved (absolute), in its own folder and below; it may be at work there."""
        with suppress(NotADirectoryError):  # a link stands in place of its folder, or of that of all
            if check_inside(str(self._root), f"{CHECKPOINTS}/{digest.hex()}"):
                yield from map(Path, files_below(str(self._path(digest))))

    def _path(self, digest: bytes) -> Path:
        return self._root.absolute() / CHECKPOINTS / digest.hex()

    def latest(self) -> int:
        """Return when any task saved anything last, by the file server's clock [Unix ns], 0 for never."""
        return max((saved.when for digest in self.there() if (saved := self.saved(digest))), default=0)


def _about(path: Path) -> tuple[int, int] | None:
    """Return a file's size and when it was last changed or renamed [ns], None of what is no regular one, or gone."""
    with suppress(OSError):
        about = path.lstat()
        if S_ISREG(about.st_mode):
            return about.st_size, max(about.st_mtime_ns, about.st_ctime_ns)
    return None
