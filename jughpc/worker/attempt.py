"""Run one task and say in words how it went."""

from __future__ import annotations

import traceback
from typing import Any

from jughpc.errors import StoreError, UnstorableError
from jughpc.fs import Clock
from jughpc.store.base import Failure
from jughpc.store.record import Record
from jughpc.store.resultfile import Encoded, encode
from jughpc.tasks import hooks, usertrace
from jughpc.tasks.task import Task


class DependencyLostError(StoreError):
    """A result that this task needs could not be read: its task must run again first."""


def attempt(task: Task[Any], clock: Clock, record: Record, tries: int) -> tuple[Encoded | Failure, Any]:
    """Run `task`; return its encoded result and the result, or what went wrong and None.

    Raises DependencyLostError if an argument cannot be loaded, which is no failure of this task, and
    StopWorker if a hook asks for it.
    """
    try:
        hooks.jug_hook(hooks.TASK_PRE_EXECUTE, (task,))
        value = task.compute()
        return encode(value), value
    except hooks.StopWorker:
        raise
    except UnstorableError as error:
        return failure(task, str(error), usertrace.of(error.__cause__ or error), clock, record, tries), None
    except StoreError as error:
        raise DependencyLostError(str(error)) from error
    except SystemExit as error:
        return failure(task, f"it called sys.exit({error.code!r})", usertrace.of(error), clock, record, tries), None
    except Exception as error:
        words = "".join(traceback.format_exception_only(error)).strip()
        return failure(task, words, usertrace.of(error), clock, record, tries), None


def failure(task: Task[Any], words: str, trace: str, clock: Clock, record: Record, tries: int) -> Failure:
    """Return the failure of `task` in the life that `record` tells of, after so many tries."""
    return Failure(
        digest=task.digest,
        name=task.name,
        exception=words,
        trace=trace,
        life=record.life,
        host=record.host,
        owner=record.owner,
        when=clock.wall(),
        tries=tries,
    )
