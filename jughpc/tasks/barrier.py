"""Barriers: points of a jugfile that are passed only once everything before them is computed."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar, overload

from jughpc.tasks import task, values
from jughpc.tasks.digested import digested
from jughpc.tasks.tasklet import NoLoad, value

R = TypeVar("R")


class BarrierError(BaseException):
    """Not everything before this point of the jugfile is computed yet: the load ends here for now.

    No Exception, so that an `except Exception` in a jugfile does not swallow it.
    """


class _Passed(NamedTuple):
    """The barrier that was passed last.

    Attributes:
        before: How many tasks stand before it.
        last: The last of them.
        store: Where their results are.
    """

    before: int
    last: task.Task[Any]
    store: Any


_passed: _Passed | None = None


def barrier() -> None:
    """End this load of the jugfile unless all tasks made so far have results. Raises BarrierError.

    What stands before a barrier that was passed in this load is not looked at again.
    """
    global _passed
    tasks = task.alltasks
    doubtful = [one for one in tasks[_met(tasks) :] if not one.is_loaded()]
    unmet = task.results().missing(digested(doubtful)[0]) if doubtful else ()
    _passed = None  # else it would keep the tasks of this load beside those of the next
    if unmet:
        raise BarrierError(f"{len(unmet)} tasks before this barrier have no result yet")
    if tasks:
        _passed = _Passed(len(tasks), tasks[-1], task.Task.store)


def _met(tasks: list[task.Task[Any]]) -> int:
    """Return how many of `tasks` stand before the barrier that was passed last in this load, 0 if none was."""
    if _passed is None or len(tasks) < _passed.before or task.Task.store is not _passed.store:
        return 0
    return _passed.before if tasks[_passed.before - 1] is _passed.last else 0


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
