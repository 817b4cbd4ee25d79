"""Hooks: functions that jugfiles register to be called at certain points of a worker's run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from jughpc.errors import HookError
from jughpc.tasks import usertrace

Hook = Callable[..., Any]

TASK_LOADABLE = "execute.task-loadable"
TASK_PRE_EXECUTE = "execute.task-pre-execute"
TASK_EXECUTED = "execute.task-executed1"
FINISHED_PRE_STATUS = "execute.finished_pre_status"
FINISHED_POST_STATUS = "execute.finished_post_status"

_NAMES = (TASK_LOADABLE, TASK_PRE_EXECUTE, TASK_EXECUTED, FINISHED_PRE_STATUS, FINISHED_POST_STATUS)
_hooks: dict[str, list[Hook]] = {}
_once: set[tuple[str, Hashable]] = set()


class StopWorker(SystemExit):
    """A hook wants this worker to end here; what is left is for others."""


def register_hook(name: str, f: Hook | None = None) -> Any:
    """Have `f` called at the point `name`; without `f`, return a decorator. Raises ValueError for an unknown name."""
    if name not in _NAMES:
        raise ValueError(f"There is no hook {name!r}; there are {', '.join(_NAMES)}")
    if f is None:
        return lambda f: register_hook(name, f)
    _hooks.setdefault(name, []).append(f)
    return f


def register_hook_once(name: str, key: Hashable, f: Hook) -> Hook:
    """Do as `register_hook` does, but only the first time for this `key`: a jugfile may be loaded again."""
    if (name, key) not in _once:
        register_hook(name, f)
        _once.add((name, key))
    return f


def jug_hook(name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> list[Any]:
    """Call all hooks of the point `name`, in the order of registration, and return what they return."""
    if name not in _hooks:
        return []
    return [hook(*args, **(kwargs or {})) for hook in _hooks[name]]


def call(name: str, *args: Any) -> None:
    """Call the hooks of a point for a worker. Raises StopWorker if one of them ends the process, as jug's may."""
    try:
        jug_hook(name, args)
    except StopWorker:
        raise
    except SystemExit as error:
        raise StopWorker(error.code) from error


def tell(name: str, *args: Any) -> None:
    """Do as `call` does, where no task is to blame. Raises HookError if a hook raises, besides."""
    try:
        call(name, *args)
    except Exception as error:
        raise HookError(name, usertrace.of(error)) from error


def is_hooked(name: str) -> bool:
    """Return whether anything is registered for the point `name`."""
    return name in _hooks


def reset_all_hooks() -> None:
    """Forget all hooks."""
    _hooks.clear()
    _once.clear()
