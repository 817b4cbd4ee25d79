"""The digests of many tasks in one pass, which sees as well whose arguments no search for tasks need look into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jughpc.tasks.digest import hashing
from jughpc.tasks.digest.encoding import PLAIN
from jughpc.tasks.task import Task


def digested(tasks: Sequence[Task[Any]]) -> tuple[list[bytes], bytearray]:
    """Return the digests of tasks, and for each of them 1 if its arguments are known to be, and to hold, no tasks.

    Raises DigestError.
    """
    digests, plain, callee = list[bytes](), bytearray(len(tasks)), None
    for place, task in enumerate(tasks):
        digest = task._digest
        if task.kwargs:
            pass
        elif digest is not None:
            for argument in task.args:
                if type(argument) not in PLAIN:
                    break
            else:
                plain[place] = 1
        else:
            if task.callee is not callee:  # mostly it is that of the task before
                callee, head = task.callee, task.callee.head
            if digest := hashing.of_plain(head, task.args):
                task._digest, plain[place] = digest, 1
        digests.append(digest or task.digest)
    return digests, plain
