"""Callee: a function as tasks call it, by name and version."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial, reduce
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any

from jughpc.errors import UsageError
from jughpc.tasks.digest.encoding import node, text
from jughpc.tasks.digest.hashing import Head, head_of, token

_callees: dict[Callable[..., Any], Callee] = {}
_defined: dict[tuple[str, str, str | None], CodeType] = {}  # by module, name and version


class Callee:
    """What tasks call, under the name they show.

    Args:
        f: The function.
        name: What people see; by default `module.function`.
        version: Tells its calls from those of other versions; None is no version.
    """

    __slots__ = ("_head", "_is_named", "_version", "f", "name")

    def __init__(self, f: Callable[..., Any], name: str = "", version: str | None = None) -> None:
        self.f = f
        self.name = name or f"{_module_of(f)}.{f.__name__}"
        self._is_named, self._version = bool(name), version
        self._head: Head | None = None

    def renamed(self, name: str) -> Callee:
        """Return the same function under another name."""
        return Callee(self.f, name, self._version)

    @property
    def head(self) -> Head:
        """What the digests of its calls begin with. Raises DigestError."""
        if self._head is None:
            identity = text(self.name) if self._is_named else _identity(self.f)
            self._head = head_of(identity, token(self._version))
        return self._head


def callee_of(f: Callable[..., Any]) -> Callee:
    """Return the Callee of a plain call of `f`, always the same for the same function."""
    known = _callees.get(f) if type(f) is FunctionType else None
    return known or _new_callee(f)


def versioned(f: Callable[..., Any], version: str | None) -> Callee:
    """Return the Callee of `f` whose digests tell this version from others; None is no version.

    Raises ValueError, UsageError for a function whose calls could not be told from another's.
    """
    if version is None:
        return callee_of(f)
    _check(f, version)
    return Callee(f, version=version)


def unwrapped(f: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Callable[..., Any], Any, Any]:
    """Return the function that partials bind arguments to, and all arguments together."""
    while isinstance(f, partial):
        bound: partial[Any] = f
        f, args, kwargs = bound.func, bound.args + args, {**bound.keywords, **kwargs}
    return f, args, kwargs


def find(module: str, name: str) -> Any:
    """Return what a qualified name leads to in a module that was imported, None if nothing."""
    try:
        return reduce(getattr, name.split("."), sys.modules[module])
    except (KeyError, AttributeError):
        return None


def forget() -> None:
    """Let go of all functions seen so far."""
    _callees.clear()
    _defined.clear()


def _new_callee(f: Callable[..., Any]) -> Callee:
    _check(f, None)
    callee = Callee(f)
    if type(f) is FunctionType:  # other callables may change, and are made anew at each use
        _callees[f] = callee
    return callee


def _check(f: Any, version: str | None) -> None:
    """Raise an error if calls of `f` could be told by no name, or not from those of a namesake."""
    if f.__name__ == "<lambda>":
        raise ValueError(
            "jug.Task does not work with lambda functions! A task is known by its function's name, and a "
            "lambda has none. Write it as: def name(...): return ..."
        )
    if type(f) is not FunctionType or f.__closure__ or "<locals>" in f.__qualname__:
        return  # what these hold tells them apart
    first = _defined.setdefault((f.__module__, f.__qualname__, version), f.__code__)
    if first != f.__code__:
        places = " and ".join(f"{code.co_filename}:{code.co_firstlineno}" for code in (first, f.__code__))
        raise UsageError(
            f"{f.__module__}.{f.__qualname__} is defined twice, at {places}, and both make tasks, which would share "
            "their results: give one of them another name."
        )


def _identity(f: Any) -> bytes:
    if isinstance(f, FunctionType | MethodType | BuiltinFunctionType | type):
        return token(f)
    module, name = _module_of(f), getattr(f, "__qualname__", f.__name__)
    there = find(module, name)
    if there is f or getattr(there, "f", None) is f:  # as with compiled functions: the name says it all
        return node(b"function", [text(module), text(name)])
    return token(f)


def _module_of(f: Any) -> str:
    return getattr(f, "__module__", None) or type(f).__module__
