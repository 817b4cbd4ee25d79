"""How functions count in a digest: by module and qualified name, never by their code.

A function that its name does not lead to brings more. A method counts with its instance; a local
function with the values that it closes over and its defaults; a lambda also with its own text, exactly
as it stands in the source, because that is the only name it has.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from jughpc.errors import DigestError
from jughpc.tasks import hashing
from jughpc.tasks.hashing import RULES, Head, at_once, named, node, ordered, token, tokens_of
from jughpc.tasks.walk import Steps

_callees: dict[Callable[..., Any], Callee] = {}
_texts: dict[tuple[str, CodeType], str] = {}


class Callee:
    """What tasks call, under the name they show.

    Attributes:
        f: The function.
        name: As people see it, `module.function`.
    """

    __slots__ = ("_head", "_named", "_version", "f", "name")

    def __init__(self, f: Callable[..., Any], name: str = "", version: str | None = None) -> None:
        self.f = f
        self.name = name or f"{f.__module__}.{f.__name__}"
        self._named, self._version = bool(name), version
        self._head: Head | None = None

    def renamed(self, name: str) -> Callee:
        """Return the same function under another name."""
        return Callee(self.f, name, self._version)

    @property
    def head(self) -> Head:
        """What the digests of its calls begin with. Raises DigestError."""
        if self._head is None:
            identity = self.name if self._named else self.f
            self._head = hashing.head_of(token(identity), token(self._version))
        return self._head


def callee_of(f: Callable[..., Any]) -> Callee:
    """Return the Callee of a plain call of `f`, always the same for the same function."""
    known = _callees.get(f)
    return known or _new_callee(f)


def versioned(f: Callable[..., Any], version: str | None) -> Callee:
    """Return the Callee of `f` whose digests tell this version from others; None is no version."""
    plain = callee_of(f)
    return plain if version is None else Callee(f, version=version)


def unwrapped(f: Callable[..., Any], args: Any, kwargs: Any) -> tuple[Callable[..., Any], Any, Any]:
    """Return the function that partials bind arguments to, and all arguments together."""
    while isinstance(f, partial):
        bound: partial[Any] = f
        f, args, kwargs = bound.func, bound.args + args, {**bound.keywords, **kwargs}
    return f, args, kwargs


def forget() -> None:
    """Let go of all functions seen so far."""
    _callees.clear()
    _texts.clear()


def _new_callee(f: Callable[..., Any]) -> Callee:
    if f.__name__ == "<lambda>":
        raise ValueError(
            "jug.Task does not work with lambda functions! A task is known by its function's name, and a "
            "lambda has none. Write it as: def name(...): return ..."
        )
    callee = Callee(f)
    if isinstance(f, FunctionType | BuiltinFunctionType):  # others may change, or equal one another
        _callees[f] = callee
    return callee


def _function(f: FunctionType) -> Steps[bytes]:
    if "<" not in f.__qualname__:
        return named(b"function", f)
    text = _lambda_text(f.__code__) if f.__name__ == "<lambda>" else ""
    defaults = f.__defaults__, f.__kwdefaults__
    tokens = yield from tokens_of([text, *defaults, *_closed_over(f)])
    return node(b"local function", [named(b"name", f), *tokens])


def _closed_over(f: FunctionType) -> list[object]:
    return [_content(cell) for cell in f.__closure__ or ()]


def _content(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return ...


def _builtin(f: BuiltinFunctionType) -> Steps[bytes]:
    if f.__self__ is None or isinstance(f.__self__, ModuleType):
        return at_once(named(b"function", f))
    return ordered(b"method", f.__self__, f.__qualname__)


def _method(f: MethodType) -> Steps[bytes]:
    return ordered(b"method", f.__self__, f.__func__)


def _lambda_text(code: CodeType) -> str:
    key = code.co_filename, code
    if key not in _texts:
        _texts[key] = _find_lambda(code)
    return _texts[key]


def _find_lambda(code: CodeType) -> str:
    source = "".join(linecache.getlines(code.co_filename))
    texts = {
        ast.get_source_segment(source, place) or ""
        for place in ast.walk(ast.parse(source))
        if isinstance(place, ast.Lambda) and place.lineno == code.co_firstlineno
    }
    if len(texts) == 1:
        return texts.pop()
    raise DigestError(
        f"The lambda in line {code.co_firstlineno} of {code.co_filename} is an argument of a task, and a lambda "
        f"is known by its text; but {len(texts) or 'no'} texts were found there. Give it a line of its own, or "
        "a name: def name(...): return ..."
    )


RULES.update({FunctionType: _function, MethodType: _method, BuiltinFunctionType: _builtin})
