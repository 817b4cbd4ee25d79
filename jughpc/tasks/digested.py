"""The digests of many tasks in one pass, which sees as well whose arguments no search for tasks need look into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jughpc.tasks.digest.encoding import PLAIN
from jughpc.tasks.digests import Apart
from jughpc.tasks.task import Task


def digested(tasks: Sequence[Task[Any]]) -> tuple[Apart, bytearray]:
    """Return the digests of tasks, and for each of them 1 if its arguments are known to be, and to hold, no tasks.

    Raises DigestError.
    """
    digests, plain, callee = Apart(), bytearray(len(tasks)), None
    for place, task in enumerate(tasks):
        if not task.kwargs:
            body = b""
            for argument in task.args:
                if (token := PLAIN.get(type(argument))) is None:
                    break
                body += token(argument)
            else:
                plain[place] = 1
                if task._digest is None:  # as `hashing.of_call` does, without a call
                    if task.callee is not callee:  # mostly it is that of the task before
                        callee, begin = task.callee, task.callee.head.copy
                    hasher = begin()
                    hasher.update(body)
                    task._digest = hasher.digest()
        digests.append(task._digest or task.digest)
    return digests, plain
