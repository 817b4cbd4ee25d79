"""Folders on a node's own disk, one for each run of a task, that end with it; and what killed workers left of them.

All of a worker's lie in one, on which it holds a lock of the kernel's: that ends with the worker, whatever ends it.
"""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from jughpc import host, inode
from jughpc.descriptors import Descriptor
from jughpc.host import Process

WHERE = ("JUGHPC_DISK", "TMPDIR")  # variables that say where, the first of which scripts of jobs set
_LOCK = "lock"
_WHOSE = re.compile(r"(.+)\.(\d+)\.(\d+)\.[0-9a-f]{8}")  # host, pid, when that began


class Scratch:
    """The folders of one worker, made once they are asked for.

    Args:
        environ: Tells where, if `place` does not; else it is /tmp.
        place: In which folder, if that is known.
    """

    def __init__(self, environ: Mapping[str, str], place: Path | None = None) -> None:
        told = next(filter(None, map(environ.get, WHERE)), "/tmp")  # noqa: S108  # a folder of mode 0700 there
        self._place = place or Path(told).absolute()
        self._root: Path | None = None
        self._lock = Descriptor(-1)
        self._count = 0
        self._current: Path | None = None

    def make(self) -> Path:
        """Return the folder of the task that runs; make it if need be. Raises OSError."""
        if self._current is None:
            root = self._root = self._root or self._begun()
            self._count += 1
            folder = root / str(self._count)
            folder.mkdir(0o700)
            self._current = folder
        return self._current

    def over(self) -> None:
        """Remove the folder of the task that ran, if it asked for one."""
        if self._current is not None:
            current, self._current = self._current, None
            _remove(current)

    def close(self) -> None:
        """Remove all that this worker made."""
        self._current = None
        if self._root is not None:
            root, self._root = self._root, None
            _remove(root)  # with the lock, which holds as long as it is open
        self._lock.close()

    def _begun(self) -> Path:
        """Make this worker's folder, and remove those of workers that are gone. Raises OSError."""
        above = _above(self._place)
        for root in _abandoned(above):
            _remove(root)
        me = host.myself()
        root = above / f"{host.hostname()}.{me.pid}.{me.start}.{inode.new_token()}"
        aside = above / f".{root.name}"  # nobody takes it for abandoned before it is locked
        aside.mkdir(0o700)
        self._lock = Descriptor(inode.create_new(str(aside / _LOCK)))
        fcntl.flock(self._lock.number, fcntl.LOCK_EX)
        return aside.rename(root)


def _above(place: Path) -> Path:
    """Return the folder that all of this user's workers have in common there. Raises OSError."""
    above = place / f"jughpc-scratch-{host.user_id()}"
    above.mkdir(0o700, parents=True, exist_ok=True)
    if host.is_own_folder(above):
        return above
    import tempfile  # only now: it happens to hardly anybody

    return Path(tempfile.mkdtemp(prefix=f"{above.name}-", dir=place))  # somebody else's stands there


def _abandoned(above: Path) -> Iterator[Path]:
    """Yield the folders of workers of this host that are gone: nobody holds their lock, and no such process is there.

    A task that closes all of a worker's files lets go of its lock; its process tells, then.
    """
    for root in above.iterdir():
        whose = _WHOSE.fullmatch(root.name)
        if not whose or whose[1] != host.hostname() or host.alive(Process(int(whose[2]), int(whose[3]))):
            continue
        with suppress(OSError), (root / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield root


def _remove(folder: Path) -> None:
    import shutil  # only now: most workers need it never

    shutil.rmtree(folder, ignore_errors=True)
