"""Run one task and say in words how it went."""

from __future__ import annotations

import traceback
from _signal import SIGINT, default_int_handler, getsignal  # type: ignore[import-not-found]
from dataclasses import dataclass
from typing import Any

from jughpc.errors import StoreError, UnstorableError
from jughpc.store.death import Death
from jughpc.store.resultfile import Encoded, encode
from jughpc.tasks import hooks, usertrace
from jughpc.tasks.hooks import registered
from jughpc.tasks.running import TimeIsUp
from jughpc.tasks.task import Task, alltasks
from jughpc.worker.aid import WorkerAid
from jughpc.worker.forks import Own
from jughpc.worker.stops import Interrupted
from jughpc.worker.tally import Options


@dataclass(frozen=True)
class Trouble:
    """Why a task gave no result.

    Attributes:
        words: One line.
        trace: The user's traceback.
        lost: Whether it is an argument that could not be read: no failure of this task.
        deaths: Of workers that it killed, 0 if it failed by itself.
        where: The worker that it killed last, None if it failed by itself.
        passing: Why an argument that is there cannot be read now.
    """

    words: str
    trace: str = ""
    lost: bool = False
    deaths: int = 0
    where: Death | None = None
    passing: OSError | None = None


def attempt(task: Task[Any], options: Options, own: Own, aid: WorkerAid) -> tuple[Encoded | Trouble, Any]:
    """Run `task`; return its result, encoded and as it is, or what went wrong and None.

    Raises StopWorker if a hook asks for it, Interrupted if a signal does, TimeIsUp if the task is to go on later. A
    child that the task forks ends here.

    Args:
        own: This worker's process.
        aid: What this worker does for it meanwhile.
    """
    try:
        if registered and hooks.is_hooked(hooks.TASK_PRE_EXECUTE):
            hooks.call(hooks.TASK_PRE_EXECUTE, task)
            own.leave()
        before = len(alltasks)
        value = task.compute_watched() if options.debug else task.compute()
        if not own.here[0]:  # asked here, before a call is spent on each task
            own.leave()
        if len(alltasks) > before:
            _check_made(before, options.debug)
        encoded = encode(value)
        if options.largest is not None:
            _check_size(encoded, options.largest)
        return encoded, value
    except (hooks.StopWorker, Interrupted, TimeIsUp):
        raise
    except BaseException as error:  # some that tasks meet are no Exception: asyncio.CancelledError
        own.leave(error)
        if isinstance(error, KeyboardInterrupt) and getsignal(SIGINT) is default_int_handler:
            raise  # it may be somebody's Ctrl-C; where workers heed that themselves it is the task's own
        if options.examine and not isinstance(error, StoreError):
            options.examine(error)
        return _trouble(error), None
    finally:
        if aid.in_use:
            aid.over()


def _check_size(encoded: Encoded, largest: int) -> None:
    """Raise UnstorableError if it is larger than the store takes."""
    if encoded.length > largest:
        raise UnstorableError(
            f"the result takes {encoded.length >> 20} MiB, and this store takes {largest >> 20} MiB at most: "
            "return less, or use a folder as --jugdir"
        )


def _check_made(before: int, strict: bool) -> None:
    """Raise RuntimeError if the task that just ran made tasks that nobody will run; those run at once are fine."""
    made = alltasks[before:]
    del alltasks[before:]
    if strict or not all(task.is_loaded() for task in made):
        raise RuntimeError(
            f"it made {len(made)} tasks while it ran, {made[0].name} first, and nobody would run them; "
            "make tasks in the jugfile only"
        )


def _trouble(error: BaseException) -> Trouble:
    if isinstance(error, UnstorableError):
        return Trouble(str(error), usertrace.of(error.__cause__ or error))
    if isinstance(error, StoreError):
        cause = error.__cause__
        return Trouble(str(error), lost=True, passing=cause if isinstance(cause, OSError) else None)
    if isinstance(error, SystemExit):
        return Trouble(f"it called sys.exit({error.code!r})", usertrace.of(error))
    return Trouble("".join(traceback.format_exception_only(error)).strip(), usertrace.of(error))
