"""How many tasks of a jugfile can run at the same time, about: what is one after the other is not spread thin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from jughpc.tasks.task import Task

_SAMPLES, _LOOKED_AT = 63, 8  # tasks looked into, and dependencies of each step on the way down
_DEEPEST = 1024  # steps


def abreast(tasks: Sequence[Task[Any]]) -> int:
    """Return how many of `tasks` one level of the graph has, as far as some show; all of them where most need none.

    Half of the tasks lie above as many levels as are below the middle one, so a tail of a few steps does not count.
    """
    if not tasks:
        return 0
    last = len(tasks) - 1
    chosen = [tasks[last * i // (_SAMPLES - 1)] for i in range(_SAMPLES)]
    middle = sorted(map(_level, chosen))[_SAMPLES // 2]  # to import statistics takes 10 ms
    return max(1, len(tasks) // (1 + 2 * middle))


def _level(task: Task[Any]) -> int:
    """Return how many steps it takes down from `task`, each to a task that needs others itself, if there is one."""
    level, below = 0, _below(task)
    while below is not None and level < _DEEPEST:
        level, below = level + 1, _below(below)
    return level


def _below(task: Task[Any]) -> Task[Any] | None:
    needed = list(islice(task.dependencies(), _LOOKED_AT))
    return next((one for one in reversed(needed) if one.nested()), needed[-1] if needed else None)
