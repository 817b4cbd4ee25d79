"""Folders of tasks' own in a jugdir: what a task saves on its way to a result, for its next run to go on from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from jughpc.fs import Files
from jughpc.inode import check_inside

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
    """

    def __init__(self, root: Path, files: Files) -> None:
        self._root, self._files = root, files

    def make(self, digest: bytes) -> Path:
        """Return the folder of a task (absolute); make it if need be. Raises OSError."""
        folder = f"{CHECKPOINTS}/{digest.hex()}"
        self._files.make_folder(folder)
        return self._root.absolute() / folder

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
            import shutil  # only now: most workers need it never

            with suppress(FileNotFoundError):
                shutil.rmtree(self._root / CHECKPOINTS / digest.hex())

    def saved(self, digest: bytes) -> Saved | None:
        """Return what a task saved so far, None if it has no folder."""
        if digest not in self.there():
            return None
        path = self._root.absolute() / CHECKPOINTS / digest.hex()
        found = list(_files(path))
        return Saved(path, len(found), sum(size for size, _ in found), max((when for _, when in found), default=0))

    def latest(self) -> int:
        """Return when any task saved anything last, by the file server's clock [Unix ns], 0 for never."""
        return max((saved.when for digest in self.there() if (saved := self.saved(digest))), default=0)


def _files(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield the size of each file in `folder` and below, and when it was last changed or renamed [ns]."""
    for path in folder.rglob("*"):
        with suppress(OSError):  # a task may be at work there
            about = path.lstat()
            if S_ISREG(about.st_mode):
                yield about.st_size, max(about.st_mtime_ns, about.st_ctime_ns)
