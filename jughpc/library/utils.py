"""Helpers for jugfiles: big arguments, files as arguments, commands, and ways to select tasks.

These touch files and start commands, which nothing else in this room does: it is what they are for.
"""

from __future__ import annotations

import glob
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jughpc.tasks.cached import CachedFunction
from jughpc.tasks.callee import Callee
from jughpc.tasks.digest.hashing import hash_one
from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import Tasklet, value

_MODULE = "jug.utils"  # where jug has these functions: their tasks' names tell


def identity(thing: Any) -> Any:
    """Return `thing` as a task that gives it, so that it is digested once; tasks and tasklets as they are."""
    if isinstance(thing, Task | Tasklet):
        return thing
    return Task.calling(_IDENTITY, (thing,), {})


class timed_path:  # noqa: N801  # jug's name
    """A file's path as an argument that counts with the file's time and size: if it changes, so does the call.

    The function gets the path as it was given. Raises OSError if there is no such file.
    """

    def __init__(self, path: Any) -> None:
        self.path = path

    def __jug_hash__(self) -> bytes:
        return hash_with_mtime_size(self.path)

    def __jug_value__(self) -> Any:
        return self.path

    def __str__(self) -> str:
        return f"timed_path({self.path})"

    __repr__ = __str__


def hash_with_mtime_size(path: Any) -> bytes:
    """Return a digest of a file's path, time of last change, and size. Raises OSError."""
    status = Path(path).stat()
    return hash_one((str(path), status.st_mtime_ns, status.st_size))


class CustomHash:
    """Pass `obj`, and let `hash_function(obj)`, which returns bytes, tell whether two calls are the same."""

    def __init__(self, obj: Any, hash_function: Callable[[Any], bytes]) -> None:
        self.obj, self.hash_function = obj, hash_function

    def __jug_hash__(self) -> bytes:
        return self.hash_function(self.obj)

    def __jug_value__(self) -> Any:
        return value(self.obj)

    def __jug_dependencies__(self) -> Sequence[Any]:
        return [self.obj]


def _execute(args: Sequence[str], check_exit: bool = True, run_after: Any = None, return_value: Any = None) -> Any:
    """Run a command.

    Args:
        args: The command and its arguments.
        check_exit: Whether to raise SystemError if it does not exit with 0.
        run_after: Anything that must have been computed before.
        return_value: What the task gives.
    """
    code = subprocess.call(args)
    if check_exit and code:
        raise SystemError(f"Command {args} failed with exit code {code}")
    return return_value


def cached_glob(pattern: str) -> list[str]:
    """Return the files that match `pattern`, sorted; once found, they are not looked for again."""
    return CachedFunction(glob_sort, pattern)


def glob_sort(pattern: str) -> list[str]:
    """Return the files that match `pattern`, sorted."""
    return sorted(glob.glob(pattern))  # the pattern may be absolute


def sync_move(source: Any, target: Any) -> None:
    """Rename a file so that, on return, a crash of the machine cannot undo it."""
    Path(source).rename(target)
    folder = os.open(Path(target).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _same(thing: Any) -> Any:
    return thing


_IDENTITY = Callee(_same, "identity")
_execute.__name__ = _execute.__qualname__ = "jug_execute"
for _f in (_execute, identity, hash_with_mtime_size, cached_glob, glob_sort, sync_move):
    _f.__module__ = _MODULE
jug_execute = TaskGenerator(_execute)
