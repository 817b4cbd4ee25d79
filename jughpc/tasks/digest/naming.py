"""Names of functions and classes, and where they lead."""

from __future__ import annotations

import sys
from functools import reduce
from types import FunctionType
from typing import Any

from jughpc.tasks.digest.encoding import node, text


def name_of(thing: Any) -> tuple[str, str]:
    """Return the module and the qualified name by which a function, class or callable is known."""
    module = getattr(thing, "__module__", None) or type(thing).__module__
    name = getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    return module, name or type(thing).__qualname__


def named(kind: bytes, thing: Any) -> bytes:
    """Return the token of something known by its module and its qualified name there."""
    return node(kind, [text(part) for part in name_of(thing)])


def find(module: str, name: str) -> Any:
    """Return what a qualified name leads to in a module that was imported, None if nothing."""
    try:
        return reduce(getattr, name.split("."), sys.modules[module])
    except (KeyError, AttributeError):
        return None


def is_led_to(thing: Any) -> bool:
    """Tell whether the name of `thing` leads to it, or to what makes tasks of it."""
    module, name = name_of(thing)
    if "<" in name:
        return False
    there = find(module, name)
    return there is thing or getattr(there, "f", None) is thing


def says_all(f: FunctionType) -> bool:
    """Tell whether the name of a function is all that it counts by: the one test for what is no local function.

    What a decorator returns under the name of what it decorates is local, unless that name leads to it.
    """
    return "<" not in f.__qualname__ and (not (f.__closure__ or hasattr(f, "__wrapped__")) or is_led_to(f))
