"""Barriers: points of a jugfile that are passed only once everything before them is computed."""

from __future__ import annotations

from typing import Any, TypeVar, overload

from jughpc.tasks import task, values
from jughpc.tasks.tasklet import NoLoad, value

R = TypeVar("R")


class BarrierError(BaseException):
    """Not everything before this point of the jugfile is computed yet: the load ends here for now.

    No Exception, so that an `except Exception` in a jugfile does not swallow it.
    """


def barrier() -> None:
    """End this load of the jugfile unless all tasks made so far have results. Raises BarrierError."""
    unmet = task.missing(task.alltasks)
    if unmet:
        raise BarrierError(f"{len(unmet)} tasks before this barrier have no result yet")


@overload
def bvalue(thing: task.Task[R]) -> R: ...
@overload
def bvalue(thing: Any) -> Any: ...
def bvalue(thing: Any) -> Any:
    """Return `value(thing)`, or end this load of the jugfile if it cannot be had yet. Raises BarrierError."""
    needed = values.holders(thing, (task.Task, NoLoad))  # what is not to be loaded need not be there
    unmet = task.missing(part for part in needed if isinstance(part, task.Task))
    if unmet:
        raise BarrierError(f"{len(unmet)} tasks whose value is needed here have no result yet")
    return value(thing)
