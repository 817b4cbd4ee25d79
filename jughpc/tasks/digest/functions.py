"""How functions count in a digest: by module and qualified name, never by their code.

A function that its name does not lead to brings more. A method counts with its instance; a local
function with the values that it closes over and its defaults; a lambda also with its own text, exactly
as it stands in the source, because that is the only name it has.
"""

from __future__ import annotations

import ast
import linecache
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from jughpc.errors import DigestError
from jughpc.tasks.digest.encoding import Rule, at_once, named, node, ordered, tokens_of
from jughpc.tasks.walk import Steps

_texts: dict[tuple[str, CodeType], str] = {}


def rule_of(value: object) -> Rule | None:
    """Return the rule of a function or method, None for all others."""
    return _RULES.get(type(value))


def forget() -> None:
    """Let go of the lambdas' texts: their files may be changed."""
    _texts.clear()


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


_RULES: dict[type, Rule] = {FunctionType: _function, MethodType: _method, BuiltinFunctionType: _builtin}
