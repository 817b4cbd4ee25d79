"""How functions count in a digest: by module and qualified name, never by their code.

A function whose name does not say all brings more. A method counts with its instance; a local function, or
what a decorator made that no name leads to, with the values that it closes over and its defaults; a lambda
also with its own text, exactly as it stands in the source, because that is the only name it has. What a
function keeps for itself, such as a cache, does not count. Whatever counts alike is compared (`namesakes`).
"""

from __future__ import annotations

import ast
import linecache
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from jughpc.errors import DigestError
from jughpc.tasks.digest import hiding, namesakes
from jughpc.tasks.digest.alike import DISPATCHER, CachedFunctionType, contents_of, registry_of
from jughpc.tasks.digest.encoding import Hidden, Rule, at_once, claimed, hidden, node
from jughpc.tasks.digest.naming import named, says_all
from jughpc.tasks.walk import Steps

_texts: dict[tuple[str, CodeType], str] = {}


def rule_of(value: object) -> Rule | None:
    """Return the rule of a function or method, None for all others."""
    return _RULES.get(type(value))


def forget() -> None:
    """Let go of the lambdas' texts: their files may be changed."""
    _texts.clear()


def _function(f: FunctionType) -> Steps[bytes]:
    if says_all(f):
        token = named(b"function", f)
        if not namesakes.is_claimed(token, f):
            hiding.check_callable(f)
            yield from claimed(token, f)
        return token
    if f.__code__ is DISPATCHER:
        return (yield from hidden(b"single dispatch", f, registry_of(f)))
    text = _lambda_text(f.__code__) if f.__name__ == f.__code__.co_name == "<lambda>" else ""
    tokens: list[bytes] = yield Hidden([text, f.__defaults__, f.__kwdefaults__, *contents_of(f)], f)
    return (yield from claimed(node(b"local function", [named(b"name", f), *tokens]), f, is_whole=True))


def _builtin(f: BuiltinFunctionType) -> Steps[bytes]:
    if f.__self__ is None or isinstance(f.__self__, ModuleType):
        return at_once(named(b"function", f))
    return hidden(b"method", f, f.__self__, f.__qualname__)


def _method(f: MethodType) -> Steps[bytes]:
    return hidden(b"method", f, f.__self__, f.__func__)


def _lambda_text(code: CodeType) -> str:
    key = code.co_filename, code
    if key not in _texts:
        _texts[key] = _find_lambda(code)
    return _texts[key]


def _find_lambda(code: CodeType) -> str:
    source = "".join(linecache.getlines(code.co_filename))
    places = [
        place
        for place in ast.walk(ast.parse(source))  # the inner ones after the outer ones
        if isinstance(place, ast.Lambda) and place.lineno == code.co_firstlineno
    ]
    texts = [ast.get_source_segment(source, place) or "" for place in places]
    if len(set(texts)) > 1:
        texts = [text for place, text in zip(places, texts, strict=True) if _spans(place.body, code)][-1:]
    if texts:
        return texts[0]
    raise DigestError(
        f"the lambda in line {code.co_firstlineno} of {code.co_filename}. A lambda is known by its text, which "
        "was not found, or not told from others in this line. Give it a line of its own, or a name: "
        "def name(...): return ..."
    )


def _spans(body: ast.expr, code: CodeType) -> bool:
    """Tell whether `code` was compiled from within `body`; before Python 3.11 nobody knows."""
    positions: Any = getattr(code, "co_positions", list)()
    begin, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    known = [place for place in positions if None not in place and place[3]]  # the entry has no width
    return bool(known) and all(begin <= (line, col) and (last, stop) <= end for line, last, col, stop in known)


_RULES: dict[type, Rule] = {
    FunctionType: _function,
    MethodType: _method,
    BuiltinFunctionType: _builtin,
    CachedFunctionType: lambda f: hidden(b"cached function", f, f.__wrapped__),
}
