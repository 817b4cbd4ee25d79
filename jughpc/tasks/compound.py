"""Compound tasks: a function that makes tasks, behind one task whose result replaces them all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from jughpc.tasks.callee import Callee
from jughpc.tasks.digest import hiding
from jughpc.tasks.task import Task, alltasks


def CompoundTask(f: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Task[Any]:  # noqa: N802  # jug's name
    """Return the task whose value is that of what `f(*args, **kwargs)` makes of tasks.

    While it has no result, `f` is called now, at each load, and may make tasks and pass barriers. Once it
    has one, `f` is not called any more and all the tasks inside are gone.
    """
    with hiding.allowed():
        whole = Task(f, *args, **kwargs)
        whole.digest  # noqa: B018  # known from here on
    if whole.can_load():
        return whole
    alltasks.pop()  # the task just made: what replaces it comes after the tasks inside
    inside = f(*args, **kwargs)
    compound = Task.calling(_EXECUTE, (inside, _Call(whole)), {})
    compound.stand_for(whole)
    return compound


def CompoundTaskGenerator(f: Callable[..., Any]) -> Callable[..., Task[Any]]:  # noqa: N802  # jug's name
    """Make each call of `f` a CompoundTask; the plain function stays in the attribute `f`."""

    @wraps(f)
    def call(*args: Any, **kwargs: Any) -> Task[Any]:
        return CompoundTask(f, *args, **kwargs)

    call.f = f  # type: ignore[attr-defined]  # as jug has it
    return call


def compound_task_execute(inside: Any, digest: bytes) -> Any:
    """Return what the tasks inside gave."""
    return inside


class _Call(bytes):
    """The hash of the call that a compound task stands for, and that call."""

    whole: Task[Any]

    def __new__(cls, whole: Task[Any]) -> _Call:
        call = super().__new__(cls, whole.hash())
        call.whole = whole
        return call


def whole_of(task: Task[Any]) -> Task[Any]:
    """Return the call that `task` stands for: itself, but for a compound task."""
    call = task.args[1] if task.f is compound_task_execute else None
    return call.whole if isinstance(call, _Call) else task


compound_task_execute.__module__ = "jug.compound"  # as users know it, by name
_EXECUTE = Callee(compound_task_execute)
