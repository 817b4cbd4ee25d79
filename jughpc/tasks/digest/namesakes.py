"""Namesakes: within one load, no two functions or classes that could behave differently share a digest.

Functions and classes count by name, and some by more (`functions`). Whoever counts so is claimed here: the
first to come holds what it counts by, and another that counts by the same is compared with it. If the two
differ in anything that could be looked at, nothing tells their results apart, and the second is refused.
"""

from __future__ import annotations

from collections.abc import Hashable
from types import FunctionType
from typing import Any

from jughpc.errors import UsageError
from jughpc.tasks.digest import alike
from jughpc.tasks.digest.alike import Token, bare, difference
from jughpc.tasks.digest.naming import is_led_to, name_of

_first: dict[Hashable, Any] = {}
_classes: set[type] = set()
_compared: set[tuple[int, int]] = set()  # at the moment


def claim(key: Hashable, thing: Any, token: Token, is_whole: bool = False) -> None:
    """Let `key` stand for `thing` until the next load. Raises UsageError if it stands for another already.

    Args:
        key: What the thing counts by.
        thing: A function, a class or another callable.
        token: Gives the token of any value, to compare what the two are made of.
        is_whole: Whether the defaults and contents of a function are in the key.
    """
    first = _first.setdefault(key, thing)
    pair = id(first), id(thing)
    if pair in _compared:  # they hold themselves
        return
    if first is not thing:
        _compared.add(pair)
        try:
            what = difference(first, thing, token, is_whole)
        finally:
            _compared.discard(pair)
        if what:
            raise UsageError(_words(first, thing, what))
    if isinstance(thing, type):
        _classes.add(thing)


def is_claimed(key: Hashable, thing: Any) -> bool:
    """Tell whether `key` stands for this very thing."""
    return _first.get(key) is thing


def is_settled(kind: type) -> bool:
    """Tell whether this very class was claimed, and not refused."""
    return kind in _classes


def forget() -> None:
    """Let go of all but what the modules hold that are not loaded again."""
    alike.forget()
    kept = {key: thing for key, thing in _first.items() if is_led_to(thing)}
    _first.clear()
    _first.update(kept)
    _classes.clear()


def place_of(thing: Any) -> str:
    """Return where a function or class was written, as `file:line`, as well as it can be told."""
    thing = _innermost(thing)
    code = getattr(thing, "__code__", None)
    if code is not None:
        return f"{code.co_filename}:{code.co_firstlineno}"
    kind = thing if isinstance(thing, type) else type(thing)
    methods = [bare(part) for part in vars(kind).values()]
    places = [place_of(part) for part in methods if type(part) is FunctionType and part.__module__ == kind.__module__]
    return places[0] if places else f"(a {kind.__name__} of {kind.__module__})"


def _innermost(thing: Any) -> Any:
    """Return what decorators that tell it were put around."""
    seen: dict[int, Any] = {}
    while thing is not None and id(thing) not in seen:
        seen[id(thing)] = thing = bare(thing)
        thing = getattr(thing, "__wrapped__", None)
    return seen.popitem()[1]


def _words(first: Any, second: Any, what: str) -> str:
    module, name = name_of(second)
    places = place_of(first), place_of(second)
    where = f"at {places[0]} and {places[1]}" if places[0] != places[1] else f"both times at {places[0]}"
    return (
        f"{module}.{name} is defined twice, {where}. The two differ ({what}), and tasks of both would share their "
        "results: give one of them another name, or pass what makes the difference as an argument."
    )
