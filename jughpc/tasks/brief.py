"""How values and calls are written for people: short, whatever they hold."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from jughpc.tasks.standin import Standin

_LONG = 80  # [characters] of one value
_LONGEST = 600  # of one with what it holds


class _Brief(reprlib.Repr):
    def __init__(self, levels: int, items: int, long: int) -> None:
        super().__init__()
        self.maxlevel = levels
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = items
        self.maxstring = self.maxother = self.maxlong = long

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, Standin):
            return _standin(x)
        if isinstance(x, bytes | bytearray | memoryview):
            return super().repr1(bytes(x[: self.maxother]), level) if len(x) > self.maxother else repr(x)
        return super().repr1(x, level)


class _Inner(_Brief):
    """What a task was given that another is given: its own tasks are left out, for they may hold the same one twice."""

    def repr1(self, x: Any, level: int) -> str:
        return "..." if isinstance(x, Standin) else super().repr1(x, level)


_brief, _inner = _Brief(3, 6, _LONG), _Inner(1, 3, _LONG // 2)


def _standin(thing: Standin) -> str:
    name = getattr(thing, "name", None)
    if name is None:
        return f"{type(thing).__name__}(...)"
    text = call(name, getattr(thing, "args", ()), getattr(thing, "kwargs", {}), _inner)
    return text if len(text) <= _LONG else f"{name}(...)"


def value(thing: Any, how: reprlib.Repr = _brief) -> str:
    """Return `repr(thing)`, shortened in its middle; a class's own `repr` that raises has its type's name instead."""
    text = how.repr(thing)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 20]}...{text[-17:]}"


def call(name: str, args: Sequence[Any], kwargs: Mapping[str, Any], how: reprlib.Repr = _brief) -> str:
    """Return a call as Python writes it, with short arguments: `is_prime(41, fast=True)`, `total(part(1), part(2))`."""
    words = [value(arg, how) for arg in args[:6]] + (["..."] if len(args) > 6 else [])
    words += [f"{key}={value(arg, how)}" for key, arg in list(kwargs.items())[:6]]
    words += ["..."] if len(kwargs) > 6 else []
    return f"{name}({', '.join(words)})"


def in_full(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return the same with all arguments, each as it is, up to so many items and characters that people read."""
    whole = _Brief(10, 1000, 10_000)
    words = [whole.repr(arg) for arg in args] + [f"{key}={whole.repr(arg)}" for key, arg in kwargs.items()]
    return f"{name}({', '.join(words)})"
