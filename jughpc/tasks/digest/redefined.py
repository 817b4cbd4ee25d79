"""Functions that are defined again, as in a loop, over a variable that has changed since.

Python looks such a variable up when the function runs, so that all of them see its last value: seldom what
was meant. Their tasks are equal calls, and so each one task.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from jughpc.tasks.digest.alike import contents_of, globals_of
from jughpc.tasks.digest.encoding import PLAIN
from jughpc.tasks.digest.naming import name_of

Variables = dict[str, tuple[object, object]]
"""Where each variable lives, and what tells its value from others."""

_first: dict[int, tuple[FunctionType, Variables]] = {}  # by the id of the code, which the function holds
_told: set[int] = set()


def look_at(f: FunctionType) -> None:
    """Warn if `f` is a function seen before, defined again, and a variable that it looks up changed meanwhile."""
    for inner in _chain(f):
        known = _first.get(id(inner.__code__))
        if known is None:
            _first[id(inner.__code__)] = inner, _variables(inner)
        elif known[0] is not inner and id(inner.__code__) not in _told:
            _compare(inner, known[1])


def forget() -> None:
    """Let go of all functions seen so far."""
    _first.clear()
    _told.clear()


def _compare(f: FunctionType, before: Variables) -> None:
    for name, (home, mark) in _variables(f).items():
        old = before.get(name)
        if old is not None and old[0] is home and old[1] != mark:
            _told.add(id(f.__code__))
            _warn(f, name)
            return


def _warn(f: FunctionType, name: str) -> None:
    line = f.__code__.co_firstlineno
    warnings.warn_explicit(
        f"{'.'.join(name_of(f))} is defined again while `{name}`, which it looks up when it runs, has another value "
        f"than before: all tasks of it see the last one. Pass `{name}` as an argument, or bind it: {name}={name}",
        UserWarning,
        f.__code__.co_filename,
        line,
    )


def _chain(f: Any) -> Iterator[FunctionType]:
    """Yield `f` and what decorators that tell it were put around."""
    seen = set()
    while isinstance(f, FunctionType) and id(f) not in seen:
        seen.add(id(f))
        yield f
        f = getattr(f, "__wrapped__", None)


def _variables(f: FunctionType) -> Variables:
    known: Variables = {}
    for name in globals_of(f.__code__):
        if name in f.__globals__:
            known[name] = f.__globals__, _mark(f.__globals__[name])
    cells = f.__closure__ or ()
    known.update(zip(f.__code__.co_freevars, zip(cells, map(_mark, contents_of(f)), strict=True), strict=True))
    return known


def _mark(value: object) -> object:
    """Return what tells a value from others, without holding on to big ones."""
    if type(value) in PLAIN:
        return type(value), value
    return id(value.__code__) if isinstance(value, FunctionType) else id(value)
