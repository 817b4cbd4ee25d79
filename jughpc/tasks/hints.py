"""What the usual mistakes of a first hour are called: words beside the error in which each of them ends."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from io import IOBase
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from jughpc.errors import ResultMissingError
from jughpc.tasks.generator import TaskGenerator

_TASK = re.compile(r"(?<![\w.])Task(let)?\b(?!:)")  # as Python and NumPy name the type of what they cannot use
_GENERATOR = re.compile(r"(?<![\w.])TaskGenerator\b")

_GUARD = re.compile(rb"^if __name__ *== *.__main__.\s*:", re.MULTILINE)

_NOT_THERE = (
    "A task has no value while the jugfile is run for the first time: put `barrier()` before this line, or say "
    "`bvalue(...)` in place of `value(...)`; the jugfile is run again from there once the value is there."
)
_NO_VALUE = (
    "A Task stands for a call that some worker makes later, and is not its value. Work with the value in a function "
    "with @TaskGenerator that is given the task, or wait for it here: `bvalue(task)`."
)
_NOT_CALLED = "A TaskGenerator makes a task when it is called: write `name(...)`, not `name`."


def of_error(error: BaseException, path: Path, module: ModuleType) -> str:
    """Return what probably led to an error that the jugfile at `path` raised, and what to do; "" if nobody knows."""
    if isinstance(error, ResultMissingError):
        return _NOT_THERE
    if hidden := hidden_modules(path.parent, module, error):
        return f"{' and '.join(hidden)}: rename what lies there."
    if isinstance(error, TypeError | AttributeError | ValueError):
        said = str(error)
        return _NO_VALUE if _TASK.search(said) else _NOT_CALLED if _GENERATOR.search(said) else ""
    return ""


def of_reduce(error: BaseException) -> str:
    """Return the same for an error that a reduce script raised, where all values are there."""
    is_of_task = isinstance(error, TypeError | AttributeError | ValueError) and _TASK.search(str(error))
    return "A Task stands for a call, and is not its value: `value(task)` is." if is_of_task else ""


def of_no_task(path: Path, space: Mapping[str, Any], text: bytes) -> str:
    """Return why a jugfile that was run to its end made no task, and what to do."""
    head = f"{path.name} defines no task"
    if guard := _GUARD.search(text):
        line = guard[0].decode()
        return f"{head}: what stands below `{line}` is not run, for a jugfile is imported: leave that line out"
    if uncalled := [name for name, thing in space.items() if isinstance(thing, TaskGenerator)]:
        return f"{head}: `{uncalled[0]}` is never called, and each call makes one: {uncalled[0]}(...)"
    plain = [name for name, thing in space.items() if isinstance(thing, FunctionType) and thing.__module__ == path.stem]
    first = f" before `def {plain[0]}`" if plain else ""
    return f"{head}: write @TaskGenerator{first} (from jug import TaskGenerator), and each call of it makes one"


def of_names(path: Path, space: Mapping[str, Any]) -> Iterator[str]:
    """Yield what goes wrong later with what a jugfile leaves in its names, and what to do."""
    for name, thing in space.items():
        if isinstance(thing, IOBase) and not thing.closed and thing not in (sys.stdin, sys.stdout, sys.stderr):
            yield (
                f"{path.name}: `{name}` is an open file, which workers share, or each opens anew: "
                "open it in the function that uses it"
            )
        if isinstance(thing, ModuleType) and vars(thing) is space:
            yield f"{path.name}: `{name}` is this file itself, which is called like a module that it imports: rename it"


def hidden_modules(folder: Path, module: ModuleType | None = None, error: BaseException | None = None) -> list[str]:
    """Return what in `folder` was imported in place of a module of Python's or jughpc's, or the jugfile of another.

    Args:
        module: The jugfile's, if one is loaded.
        error: What it raised.
    """
    found = [f"{path} hides the module `{name}`" for name, path in _impostors(folder)]
    if module is not None and module.__file__ is not None and not found and _imports_itself(module, error):
        found.append(f"{module.__file__} hides the module `{module.__name__}` that it imports")
    return found


def _impostors(folder: Path) -> Iterator[tuple[str, Path]]:
    if folder == Path(json.__file__).parents[1]:  # Python's own, which is first on the path where it is told to be safe
        return
    ours = ("click", "yaml", "numpy", "psutil", "jinja2", "rich", "redis", "IPython")
    for name in sorted((sys.stdlib_module_names | {*ours}) & sys.modules.keys()):
        if name != "__main__" and (origin := getattr(sys.modules[name], "__file__", None)):
            path = Path(origin)
            place = path.parent if path.name == "__init__.py" else path
            if place.parent == folder:
                yield name, place


def _imports_itself(module: ModuleType, error: BaseException | None) -> bool:
    wanted = (error.name or "").split(".")[0] if isinstance(error, ImportError) else None
    return module.__name__ == wanted or any(thing is module for thing in vars(module).values())
