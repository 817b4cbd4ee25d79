"""A user's folder on a simulated disk: a jugfile, its reduce script, and the jugdir beside them."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar, cast

from jughpc.config.asks import DEFAULT
from jughpc.tasks import jugfile
from jughpc.testing.disk import Disk

Kinds = tuple[tuple[str, int | None], ...]

FOLDER = "/home/ada/run"
JUGDIR = f"{FOLDER}/primes.jugdata"
JUGFILE, SCRIPT = f"{FOLDER}/primes.py", f"{FOLDER}/reduce.py"

_TASKS = """
from jug import TaskGenerator

@TaskGenerator
def work(number):
    return number

works = [work(number) for number in range({})]
"""
_CLASSES = """
from jug import TaskGenerator

@TaskGenerator
def work(number, *needed):
    return number

@TaskGenerator(resources=dict(gpus=1))
def train(number, *needed):
    return number

works = []
for only, needs in KINDS:
    works.append((work if only == "default" else train)(len(works), *works[needs:][:1] if needs is not None else ()))
"""
_REDUCE = """
from jug import Task

store = Task.store  # of this process, whatever others load meanwhile
assert [store.load(one.hash()) for one in works] == list(range(len(works)))
"""


class SimPath(type(Path())):  # type: ignore[misc]  # PosixPath, whatever this Python calls it
    """A path on a simulated disk, where modes mean nothing and folders need no removal.

    Attributes:
        texts: The files beside the jugdir, by path; whatever is not in the jugdir is there, where this is None.
        disk: Where the jugdir lies.
    """

    texts: ClassVar[Mapping[str, bytes] | None] = None
    disk: ClassVar[Disk | None] = None

    def stat(self, *, follow_symlinks: bool = True) -> SimpleNamespace:
        """Return what is looked at: the mode of any file."""
        if self.texts is not None:
            self.read_bytes()
        return SimpleNamespace(st_mode=0o100644)

    def read_bytes(self) -> bytes:
        """Return the content of the file. Raises FileNotFoundError."""
        path = str(self)
        inode = self.disk.find(path.removeprefix(f"{JUGDIR}/")) if self.disk else None
        data = inode.data if inode else (self.texts or {}).get(path)
        if data is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        return data

    def rmdir(self) -> None:
        """Do nothing: there are no empty folders."""


@dataclass(frozen=True)
class Home:
    """The folder of one history.

    Attributes:
        tasks: Of each of the jugfile's tasks, its class and the number of the one that it needs.
    """

    disk: Disk
    tasks: Kinds

    @cached_property
    def _kind(self) -> type[Path]:
        return type("HomePath", (SimPath,), {"texts": _texts(self.tasks), "disk": self.disk})

    def path(self, text: str) -> Path:
        """Return a path that reads what is there in this history."""
        return self._kind(text)

    @property
    def digests(self) -> tuple[bytes, ...]:
        """The digests of the tasks, by number."""
        return _digests(self.tasks)


def _texts(tasks: Kinds) -> Mapping[str, bytes]:
    are_alike = all(one == (DEFAULT, None) for one in tasks)
    text = _TASKS.format(len(tasks)) if are_alike else _CLASSES.replace("KINDS", repr(tasks))
    return {JUGFILE: text.encode(), SCRIPT: _REDUCE.encode()}


@cache
def _digests(tasks: Kinds) -> tuple[bytes, ...]:
    kind = cast("type[Path]", type("LoadedPath", (SimPath,), {"texts": _texts(tasks)}))
    return tuple(task.digest for task in jugfile.load(kind(JUGFILE)).tasks)
