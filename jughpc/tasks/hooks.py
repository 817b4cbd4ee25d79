"""Hooks: functions that jugfiles register to be called at certain points of a worker's run."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
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
registered: dict[str, list[Hook]] = {}
"""By point; empty where no jugfile uses hooks, which is a quick thing to ask for each of a million tasks."""

_once: set[tuple[str, Hashable]] = set()
_former: list[tuple[str, Hook]] = []  # what earlier loads registered, and this one did not yet


class StopWorker(SystemExit):
    """A hook wants this worker to end here; what is left is for others."""


def register_hook(name: str, f: Hook | None = None) -> Any:
    """Have `f` called at the point `name`; without `f`, return a decorator.

    A jugfile is loaded again behind each barrier: what it registers again takes the place of what it had registered
    there before, and counts once.

    Raises:
        ValueError: An unknown name.
    """
    hooks = _hooks_of(name)
    if f is None:
        return lambda f: register_hook(name, f)
    former = _former_of(name, f)
    if former is None:
        hooks.append(f)
    else:
        _former.remove((name, former))
        hooks[hooks.index(former)] = f
    return f


def begin_load() -> None:
    """Take what is registered from now on for that which was registered before, where both are the same."""
    _former[:] = [(name, hook) for name, hooks in registered.items() for hook in hooks]


def register_hook_once(name: str, key: Hashable, f: Hook) -> Hook:
    """Do as `register_hook` does, but only the first time for this `key`: a jugfile may be loaded again."""
    if (name, key) not in _once:
        _hooks_of(name).append(f)
        _once.add((name, key))
    return f


def jug_hook(name: str, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> list[Any]:
    """Call all hooks of the point `name`, in the order of registration, and return what they return."""
    if name not in registered:
        return []
    return [hook(*args, **(kwargs or {})) for hook in registered[name]]


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
    return bool(registered.get(name))


def reset_all_hooks() -> None:
    """Forget all hooks."""
    registered.clear()
    _once.clear()
    _former.clear()


def _hooks_of(name: str) -> list[Hook]:
    if name not in _NAMES:
        raise ValueError(f"There is no hook {name!r}; there are {', '.join(_NAMES)}")
    return registered.setdefault(name, [])


def _former_of(name: str, f: Hook) -> Hook | None:
    """Return the hook of an earlier load that `f` is now, None if there is none."""
    return next((hook for point, hook in _former if point == name and (hook is f or _place(hook) == _place(f))), None)


def _place(f: Hook) -> tuple[object, ...]:
    """Return where a hook is written down: a module that is run again makes another object of it."""
    f = f.func if isinstance(f, partial) else f
    code = getattr(f, "__code__", None)
    if code is None:
        return (type(f).__module__, type(f).__qualname__)
    return (code.co_filename, code.co_firstlineno, code.co_name)
