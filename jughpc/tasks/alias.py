"""Serve `import jug`, and all below it, from one package of ours: the same module objects under both names."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from jughpc.errors import JugModuleError

ALIAS, TARGET = "jug", "jughpc.jug"  # named, not imported: the face lies above this room

OWN_COMMANDS = Path(".config/jug/jug_user_commands.py")
"""Where, below the home of who types a command, commands are that were written for jug."""

INSTEAD_OF_COMMANDS = (
    "jug's own commands are no modules and no objects here: run one with jug.jug.main(['jug', 'status', 'jugfile.py'])."
)


class _AliasLoader:
    def __init__(self, target: str) -> None:
        self._target = target

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._target)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # the import system has just given it the alias's
        _alias_loaded()


class _AliasFinder:  # by no base class: importlib.abc, whose classes do nothing, imports 15 modules
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != ALIAS and not name.startswith(f"{ALIAS}."):
            return None
        return spec_of(name, TARGET + name[len(ALIAS) :])


def spec_of(name: str, target: str) -> ModuleSpec | None:
    """Return what imports the module `target` under another name, too; None if there is no such module.

    Raises:
        JugModuleError: It is one of jug's, in whose place there is something else.
    """
    if target.startswith(f"{TARGET}.subcommands."):
        raise JugModuleError(f"there is no {name}. {INSTEAD_OF_COMMANDS}", name=name)
    there = find_spec(target)
    loader: Any = _AliasLoader(target)
    return there and ModuleSpec(name, loader, is_package=there.submodule_search_locations is not None)


def serve() -> None:
    """Serve `import jug` in this process from now on, even where jug itself is installed or imported."""
    if any(isinstance(finder, _AliasFinder) for finder in sys.meta_path):
        return
    for name in [name for name in sys.modules if name == ALIAS or name.startswith(f"{ALIAS}.")]:
        del sys.modules[name]
    sys.meta_path.insert(0, _AliasFinder())


def _alias_loaded() -> None:
    """Give the alias to all modules of ours loaded so far: `jug.barrier` must not be imported over the function."""
    for name in [name for name in sys.modules if name.startswith(f"{TARGET}.")]:
        sys.modules.setdefault(ALIAS + name[len(TARGET) :], sys.modules[name])
