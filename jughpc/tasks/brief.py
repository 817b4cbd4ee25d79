"""How values and calls are written for people: short, whatever they hold."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jughpc.tasks.standin import Standin

_LONG = 80  # [characters] of one value
_LONGEST = 600  # of one with what it holds
_DEEPEST = 3  # calls within a call


class _Brief(reprlib.Repr):
    def __init__(self, levels: int, items: int, long: int) -> None:
        super().__init__()
        self.maxlevel = levels
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = items
        self.maxstring = self.maxother = self.maxlong = long

    def repr1(self, x: Any, level: int) -> str:
        if isinstance(x, Standin):
            name = getattr(x, "name", "")
            return f"{type(x).__name__}({name and name + ', '}...)"  # its own arguments may hold the same task twice
        if isinstance(x, bytes | bytearray | memoryview):
            return super().repr1(bytes(x[: self.maxother]), level) if len(x) > self.maxother else repr(x)
        return super().repr1(x, level)


_brief = _Brief(3, 6, _LONG)


def value(thing: Any) -> str:
    """Return `repr(thing)`, shortened in its middle; a class's own `repr` that raises has its type's name instead."""
    return _cut(_brief.repr(thing))


def call(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return a call as Python writes it, with short arguments: `is_prime(41, fast=True)`.

    An argument that is a task is written as its call, too, a few deep: `train(prepare(5))`.
    """
    return _call(name, args, kwargs, 6, value, _DEEPEST)


def in_full(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """Return the same with all arguments, each as it is, up to so many items and characters that people read."""
    return _call(name, args, kwargs, 1000, _Brief(10, 1000, 10_000).repr, _DEEPEST)


def _call(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any], most: int, written: Callable[[Any], str], depth: int
) -> str:
    """Return a call with at most so many arguments of each kind, and as many calls within each other."""

    def argument(thing: Any) -> str:
        if depth and isinstance(thing, Standin) and hasattr(thing, "kwargs"):
            return _cut(_call(thing.name, thing.args, thing.kwargs, most, written, depth - 1))  # type: ignore[attr-defined]  # it is a Task
        return written(thing)

    words = [argument(arg) for arg in args[:most]] + (["..."] if len(args) > most else [])
    words += [f"{key}={argument(arg)}" for key, arg in list(kwargs.items())[:most]]
    return f"{name}({', '.join(words)}{', ...' if len(kwargs) > most else ''})"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 20]}...{text[-17:]}"
