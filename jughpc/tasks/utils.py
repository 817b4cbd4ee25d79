"""Small helpers for jugfiles."""

from __future__ import annotations

from typing import Any

from jughpc.tasks.callables import Callee
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import Tasklet


def identity(thing: Any) -> Any:
    """Return `thing` as a task that gives it, so that it is digested once; tasks and tasklets as they are."""
    if isinstance(thing, Task | Tasklet):
        return thing
    return Task.calling(_IDENTITY, (thing,), {})


def _same(thing: Any) -> Any:
    return thing


_IDENTITY = Callee(_same, "identity")
