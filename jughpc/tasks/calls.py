"""Calls with small plain arguments, in one piece of memory: what forked workers read of them stays in common.

To look at an object is to write to it, a count of who holds it; so a worker that runs a few tasks of each page of
memory would soon have a copy of all tasks. It runs equal ones instead, made of what lies here.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from marshal import dumps, loads
from typing import Any

from jughpc.tasks.callee import Callee
from jughpc.tasks.digests import SIZE, Digests
from jughpc.tasks.task import NO_KWARGS, UNSET, Task

_SAME = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})  # when they come back from marshal
_LARGEST = 200  # [bytes] of one call; what is larger, one more in the memory would cost more than it saves
_VERSION = 2  # of marshal: the last one that writes no references, so equal calls are equal bytes

_new = object.__new__


class Calls:
    """Makes tasks equal to those of a list.

    Args:
        digests: Of the tasks.
    """

    def __init__(self, tasks: Sequence[Task[Any]], digests: Digests) -> None:
        self._tasks, self._digests = tasks, digests.data
        data, ends, callees, numbers = bytearray(), array("Q", [0]), array("I"), dict[Callee, int]()
        for task in tasks:
            callees.append(numbers.setdefault(task.callee, len(numbers)))
            data += _packed(task)
            ends.append(len(data))
        self._data, self._ends = bytes(data), ends
        self._callees, self._numbers = list(numbers), callees

    def task(self, index: int) -> Task[Any]:
        """Return a task equal to that at `index`, or itself where its arguments are no small plain ones."""
        start, end = self._ends[index], self._ends[index + 1]
        if start == end:
            return self._tasks[index]
        found, kwargs = loads(self._data[start:end]), NO_KWARGS  # noqa: S302  # written by this process
        if type(found) is list:
            found, kwargs = found
        task: Task[Any] = _new(Task)  # nobody lists it: it is no new call
        task.callee, task.args, task.kwargs = self._callees[self._numbers[index]], found, kwargs
        task._digest, task._value = self._digests[SIZE * index : SIZE * index + SIZE], UNSET
        return task


def _packed(task: Task[Any]) -> bytes:
    """Return the arguments of a task as they are kept, b"" if they are to stay where they are."""
    args, kwargs = task.args, task.kwargs
    if (
        type(task) is not Task
        or not _SAME.issuperset(map(type, args))
        or not _SAME.issuperset(map(type, kwargs.values()))
    ):
        return b""
    packed = dumps([args, kwargs] if kwargs else args, _VERSION)
    return packed if len(packed) <= _LARGEST else b""
