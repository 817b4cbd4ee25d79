"""Tasks where nobody replaces them by their values: in attributes, closures, defaults, bound arguments.

A function would get the task itself, before or after it was computed. So such a call is refused.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType, MethodType, ModuleType
from typing import Any

from jughpc.errors import DigestError
from jughpc.tasks.digest.alike import bare, contents_of
from jughpc.tasks.digest.arrays import is_array, objects_of
from jughpc.tasks.digest.naming import name_of


class _Here(threading.local):
    """Where this thread's digestion is.

    Attributes:
        owners: What is being digested, and hides its parts; the innermost last.
        is_allowed: Whether hidden tasks are not refused.
    """

    def __init__(self) -> None:
        self.owners: list[Any] = []
        self.is_allowed = False


here = _Here()


@contextmanager
def allowed() -> Iterator[None]:
    """Refuse no hidden tasks: a function that is called now, and makes tasks, may well be given some."""
    before, here.is_allowed = here.is_allowed, True
    try:
        yield
    finally:
        here.is_allowed = before


def check(task: object) -> None:
    """Raise DigestError if `task` was met in what hides it."""
    if here.owners and not here.is_allowed:
        raise _error(task, here.owners[0])


def check_callable(f: Any) -> None:
    """Raise DigestError if what counts by name alone brings tasks: in defaults, closed over, in attributes."""
    if here.is_allowed:
        return
    waiting = [f, *getattr(f, "__dict__", {}).values()]
    seen = {id(part): part for part in waiting}
    while waiting:
        thing = waiting.pop()
        if hasattr(type(thing), "__jug_steps__") and hasattr(type(thing), "__jug_value__"):
            raise _error(thing, f)
        new = {id(part): part for part in _parts(bare(thing)) if id(part) not in seen}
        seen.update(new)
        waiting += new.values()


def _parts(thing: Any) -> list[Any]:
    if isinstance(thing, FunctionType):
        return [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values(), *contents_of(thing)]
    if isinstance(thing, type | ModuleType):  # whatever they know nobody passes to a function
        return []
    return objects_of(thing) if is_array(thing) else gc.get_referents(thing)


def _error(task: object, owner: Any) -> DigestError:
    is_function = isinstance(bare(owner), FunctionType | MethodType)
    what = f"the function {'.'.join(name_of(owner))}" if is_function else f"a {'.'.join(name_of(type(owner)))}"
    return DigestError(
        f"{task!s} inside {what}, where no task is replaced by its value. Pass it as an argument of its own, or in a "
        "list, tuple, dict, set or dataclass; an object may also tell its tasks by __jug_dependencies__() and its "
        "value by __jug_value__()."
    )
