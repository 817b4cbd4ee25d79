"""Barriers: points of a jugfile that are passed only once everything before them is computed."""

from __future__ import annotations

from typing import Any

from jughpc.tasks import task
from jughpc.tasks.tasklet import value


class BarrierError(BaseException):
    """Not everything before this point of the jugfile is computed yet: the load ends here for now.

    No Exception, so that an `except Exception` in a jugfile does not swallow it.
    """


def barrier() -> None:
    """End this load of the jugfile unless all tasks made so far have results. Raises BarrierError."""
    unmet = task.missing(task.alltasks)
    if unmet:
        raise BarrierError(f"{len(unmet)} tasks before this barrier have no result yet")


def bvalue(thing: Any) -> Any:
    """Return `value(thing)`, or end this load of the jugfile if it cannot be had yet. Raises BarrierError."""
    unmet = task.missing(task.dependencies_of(thing))
    if unmet:
        raise BarrierError(f"{len(unmet)} tasks whose value is needed here have no result yet")
    return value(thing)
