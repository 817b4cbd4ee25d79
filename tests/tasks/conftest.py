"""A place for results in memory, jugfiles in a temporary folder, and a clean process after each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from jughpc.errors import ResultMissingError
from jughpc.tasks import hooks
from jughpc.tasks.jugfile import Jugfile, load
from jughpc.tasks.task import Task, alltasks


class Memory:
    """Results in a dict; counts the looks at it."""

    def __init__(self) -> None:
        self.found: dict[bytes, object] = {}
        self.looks = 0

    def get(self, digest: bytes) -> object:
        try:
            return self.found[digest]
        except KeyError:
            raise ResultMissingError(digest.hex()) from None

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        self.looks += 1
        return {digest for digest in digests if digest not in self.found}

    def put(self, digest: bytes, value: object) -> None:
        self.found[digest] = value

    def remove(self, digests: Iterable[bytes]) -> int:
        return sum(self.found.pop(digest, self) is not self for digest in digests)


@pytest.fixture(autouse=True)
def _clean_process() -> Iterator[None]:
    modules, path, argv, here = dict(sys.modules), sys.path[:], sys.argv[:], os.getcwd()
    alltasks.clear()
    Task.store = None
    hooks.reset_all_hooks()
    yield
    for name in set(sys.modules) - set(modules):
        if not name.startswith(("jughpc", "numpy", "yaml")):
            del sys.modules[name]
    sys.path[:], sys.argv[:] = path, argv
    os.chdir(here)
    alltasks.clear()
    Task.store = None
    hooks.reset_all_hooks()


@pytest.fixture
def memory() -> Memory:
    """Where the results of all tasks of the test lie."""
    memory = Memory()
    Task.store = memory
    return memory


@pytest.fixture
def load_text(tmp_path: Path) -> Callable[..., Jugfile]:
    """Write a jugfile and load it."""

    def load_text(text: str, *args: str, name: str = "jugfile.py") -> Jugfile:
        path = tmp_path / name
        path.write_text(dedent(text))
        return load(path, args)

    return load_text
