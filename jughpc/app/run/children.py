"""Processes that the user's code starts: they find `jug`, and the jugfile's functions.

Python's pools (and joblib's) that do not fork start an interpreter, which runs the main module of its parent under the
name `__mp_main__` and then imports functions by the name of their module. A worker's main module is jughpc's: this
one is put in its place, and takes up the jugfile as a load does: up to the first barrier that is not met. Any other
Python finds `jug` on PYTHONPATH.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from jughpc.app.context.session import as_it_is
from jughpc.app.context.target import Target
from jughpc.fs import environment, put_in_environment
from jughpc.store.location import Folder, parse
from jughpc.tasks import alias, jugfile, running
from jughpc.tasks.task import Task

_LOADED = "_JUGHPC_LOADED"  # no password is in it
_IMPORTABLE = str(Path(__file__).parents[2] / "importable")


def serve(target: Target) -> None:
    """Have all processes that this one starts find `jug` and the names of the jugfile."""
    source = str(target.source.absolute()) if target.source else ""
    where = target.location
    jugdir = str(where.path) if isinstance(where, Folder) else where.spell()
    put_in_environment(_LOADED, json.dumps([str(target.jugfile.absolute()), source, jugdir]))
    before = environment().get("PYTHONPATH")
    if _IMPORTABLE not in (before or "").split(":"):
        put_in_environment("PYTHONPATH", f"{_IMPORTABLE}:{before}" if before else _IMPORTABLE)
    sys.path.insert(0, _IMPORTABLE)  # a pool hands this list on, and then does not heed PYTHONPATH
    sys.modules["__main__"].__spec__ = find_spec(__name__)


def take_up() -> None:
    """Have this process find `jug`, and the jugfile of the worker that started it, if one did."""
    if loaded := environment().get(_LOADED):
        alias.serve()
        running.enter("")  # no store is made here
        sys.meta_path.insert(0, _JugfileFinder(*json.loads(loaded)))


class _JugfileFinder:
    def __init__(self, path: str, source: str, jugdir: str) -> None:
        self._path, self._source = Path(path), Path(source) if source else None
        Task.store = as_it_is(parse(jugdir))

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        is_it = name == jugfile.module_name(self._path)
        loader: Any = self
        return ModuleSpec(name, loader, origin=str(self._path)) if is_it else None

    def create_module(self, spec: ModuleSpec) -> None:
        return None  # Python makes it

    def exec_module(self, module: ModuleType) -> None:
        jugfile.fill(module, self._path, self._source)


if __name__ == "__mp_main__":
    take_up()
