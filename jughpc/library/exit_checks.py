"""Hooks that end a worker early: by a file, a function, a number of tasks, or a time.

Each is registered once for its arguments, however often the jugfile is loaded, and counts from then.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path
from typing import Any

from jughpc.descriptors import Descriptor
from jughpc.errors import LimitError
from jughpc.fs import Clock, OsClock
from jughpc.tasks.hooks import TASK_EXECUTED, TASK_PRE_EXECUTE, StopWorker, register_hook_once

_MOST_TASKS = (1 << 32) - 2


def exit_if_file_exists(fname: str, clock: Clock | None = None) -> None:
    """End before the next task once there is a file of that name; seen within a second."""
    _stop_when(TASK_PRE_EXECUTE, ("file", fname), _Sight(Path(fname), clock or OsClock()))


def exit_when_true(f: Callable[..., Any], function_takes_Task: bool = False) -> None:  # noqa: N803  # jug's name
    """End after a task if `f()`, or `f(task)`, is true."""
    _stop_when(TASK_EXECUTED, ("function", f), f if function_takes_Task else lambda task: f())


def exit_after_n_tasks(n: int) -> None:
    """End after `n` tasks, which the workers of an element run together: what others have in hand then is finished."""
    _stop_when(TASK_EXECUTED, ("tasks", n), _Countdown(n))


def exit_after_time(hours: float = 0, minutes: float = 0, seconds: float = 0, clock: Clock | None = None) -> None:
    """End after the first task that ends this long from now; the three add up."""
    clock = clock or OsClock()
    limit = clock.now() + 3600 * hours + 60 * minutes + seconds
    _stop_when(TASK_EXECUTED, ("time", hours, minutes, seconds), lambda task: clock.now() >= limit)


def exit_env_vars(environ: Mapping[str, str] | None = None) -> None:
    """End as JUG_MAX_TASKS, JUG_MAX_HOURS, JUG_MAX_MINUTES, JUG_MAX_SECONDS and JUG_EXIT_IF_FILE_EXISTS say.

    Raises LimitError for a number that is none.
    """
    environ = os.environ if environ is None else environ  # jug's interface: the only place here that reads it
    if "JUG_EXIT_IF_FILE_EXISTS" in environ:
        exit_if_file_exists(environ["JUG_EXIT_IF_FILE_EXISTS"])
    if "JUG_MAX_TASKS" in environ:
        exit_after_n_tasks(_number(environ, "JUG_MAX_TASKS"))
    hours, minutes, seconds = (_number(environ, f"JUG_MAX_{unit}") for unit in ("HOURS", "MINUTES", "SECONDS"))
    if hours or minutes or seconds:
        exit_after_time(hours, minutes, seconds)


class _Sight:
    """Tells whether there is a file; looks once a second, for short tasks are many and each look asks a file server."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock, self._next = path, clock, -inf

    def __call__(self, task: object) -> bool:
        now = self._clock.now()
        if now < self._next:
            return False
        self._next = now + 1.0
        return self._path.exists()


class _Countdown:
    """Counts what this process and those that are forked from it do."""

    def __init__(self, left: int) -> None:
        more = min(max(left - 1, 0), _MOST_TASKS)
        self._more = Descriptor(os.eventfd(more, os.EFD_SEMAPHORE | os.EFD_NONBLOCK | os.EFD_CLOEXEC))

    def __call__(self, task: object) -> bool:
        try:
            os.eventfd_read(self._more.number)
        except OSError:  # there are no more, or a task closed this: then it ends too early rather than never
            return True
        return False


def _stop_when(hook: str, key: tuple[Any, ...], is_time: Callable[[Any], Any]) -> None:
    def check(task: object) -> None:
        if is_time(task):
            raise StopWorker(0)

    register_hook_once(hook, key, check)


def _number(environ: Mapping[str, str], name: str) -> int:
    try:
        return int(environ.get(name, "0"))
    except ValueError:
        raise LimitError(f"{name} is {environ[name]!r}, which is no whole number; give one, or unset it") from None
