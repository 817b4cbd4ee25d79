"""CachedFunction: a task that is computed while the jugfile is loaded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from jughpc.tasks.task import Task

R = TypeVar("R")


def CachedFunction(f: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:  # noqa: N802  # jug's name
    """Return `f(*args, **kwargs)`, computed here and now unless it has a stored result already.

    This happens in every command that loads the jugfile; what takes long should be a task.
    """
    task = Task(f, *args, **kwargs)
    if task.can_load():
        return task.value()
    if not task.can_run():
        raise ValueError(f"{task!s} cannot run now: an argument of it has not been computed; use bvalue() before")
    return task.run()
