"""Callee: a function as tasks call it, by name and version."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from jughpc.config.asks import Ask
from jughpc.errors import DigestError, SettingError
from jughpc.tasks.digest import hiding, namesakes, redefined
from jughpc.tasks.digest.encoding import text
from jughpc.tasks.digest.hashing import Head, head_of, token
from jughpc.tasks.digest.naming import is_led_to, name_of, named, says_all

_NOTHING = Ask()
_callees: dict[Callable[..., Any], Callee] = {}


class Callee:
    """What tasks call, under the name they show.

    Args:
        f: The function.
        name: What people see; by default `module.function`.
        version: Tells its calls from those of other versions; None is no version.

    Attributes:
        asks: What it asks of the batch system, as its decorator says: never a part of any digest.
    """

    __slots__ = ("_head", "_is_named", "_version", "asks", "f", "name")

    def __init__(self, f: Callable[..., Any], name: str = "", version: str | None = None) -> None:
        self.f = f
        self.name = name or f"{name_of(f)[0]}.{f.__name__}"
        self._is_named, self._version = bool(name), version
        self._head: Head | None = None
        self.asks = _NOTHING

    def renamed(self, name: str) -> Callee:
        """Return the same function under another name."""
        other = Callee(self.f, name, self._version)
        other.asks = self.asks
        return other

    def ask_for(self, asks: Ask) -> None:
        """Note what a decorator of the function asks for. Raises SettingError if another asked for something else."""
        if self.asks not in (_NOTHING, asks):
            words = f"for {self.asks} by one decorator and for {asks} by another"
            raise SettingError(f"{self.name} asks {words}; keep one.")
        self.asks = asks

    @property
    def head(self) -> Head:
        """What the digests of its calls begin with. Raises DigestError."""
        if self._head is None:
            try:
                self._head = head_of(self._identity(), token(self._version))
            except DigestError as error:
                raise DigestError(
                    f"{self.name}, defined at {namesakes.place_of(self.f)}, holds {error}"
                ) from error.__cause__
        return self._head

    def _identity(self) -> bytes:
        if self._is_named:
            return text(self.name)
        if not _says_all(self.f):
            return token(self.f)
        hiding.check_callable(self.f)
        identity = named(b"function", self.f)
        namesakes.claim((identity, self._version), self.f, token)  # another version is another function
        return identity


def callee_of(f: Callable[..., Any]) -> Callee:
    """Return the Callee of a plain call of `f`, always the same for the same function."""
    if type(f) is not FunctionType:  # others may change, and are made anew at each use
        return _new_callee(f, None)
    known = _callees.get(f)
    if known is None:
        known = _callees[f] = _new_callee(f, None)
    return known


def versioned(f: Callable[..., Any], version: str | None) -> Callee:
    """Return the Callee of `f` whose digests tell this version from others; None is no version.

    Raises ValueError, UsageError for a function whose calls could not be told from another's.
    """
    return callee_of(f) if version is None else _new_callee(f, version)


def unwrapped(f: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Callable[..., Any], Any, Any]:
    """Return the function that partials bind arguments to, and all arguments together."""
    while isinstance(f, partial) and type(f).__call__ is partial.__call__:  # else it is a function of its own
        bound: partial[Any] = f
        f, args, kwargs = bound.func, bound.args + args, {**bound.keywords, **kwargs}
    return f, args, kwargs


def forget() -> None:
    """Let go of all functions seen so far."""
    _callees.clear()
    redefined.forget()
    namesakes.forget()


def _new_callee(f: Callable[..., Any], version: str | None) -> Callee:
    if f.__name__ == "<lambda>":
        raise ValueError(
            "jug.Task does not work with lambda functions! A task is known by its function's name, and a "
            "lambda has none. Write it as: def name(...): return ..."
        )
    callee = Callee(f, version=version)
    if type(f) is FunctionType:
        redefined.look_at(f)
    if _says_all(f):
        callee.head  # noqa: B018  # refuses namesakes where they are defined; what others hold may be unfinished
    return callee


def _says_all(f: Any) -> bool:
    """Tell whether the name of any callable is all that calls of it count by."""
    if isinstance(f, FunctionType):
        return says_all(f)
    return not isinstance(f, MethodType | BuiltinFunctionType | type) and is_led_to(f)  # as with compiled functions
