"""The source of functions, as it stands in a module's text: what of it counts, when it is asked whether it changed.

Comments, blank lines, layout and docstrings do not count, nor that a function is a TaskGenerator, and of which
version. Of functions that one calls, nothing counts either: each is asked about by itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jughpc.blake import blake2b

_SILENT = frozenset({"type_comment", "kind", "ctx", "type_params"})  # which Python versions fill in differently
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """The source of the functions of one name in a module: one, as a rule.

    Attributes:
        digest: Of what counts, the same in all versions of Python.
        text: As it stands there.
    """

    digest: str
    text: str


def functions(text: bytes) -> dict[str, Source]:
    """Return all functions that a module's `text` defines, by their bare names; none if it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    lines = text.decode(errors="replace").split("\n")
    found: dict[str, list[ast.AST]] = {}
    for node in ast.walk(tree):
        if isinstance(node, _DEFINITIONS):
            found.setdefault(node.name, []).append(node)
    return {name: Source(_digest(nodes), _text(nodes, lines)) for name, nodes in found.items()}


def _digest(nodes: Iterable[ast.AST]) -> str:
    words = "\n".join(word for node in nodes for word in _words(node))
    return blake2b(words.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _text(nodes: Iterable[ast.AST], lines: list[str]) -> str:
    spans = ((getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)) for node in nodes)
    return "\n".join("\n".join(lines[first - 1 : last]) for first, last in spans)


def _words(tree: ast.AST) -> Iterator[str]:
    """Yield what counts of a tree, in an order and spelling of our own: `ast.dump` has one a version of Python."""
    waiting: list[object] = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.AST):
            yield type(part).__name__
            waiting.append(")")
            waiting += [word for field in reversed(list(_fields(part))) for word in reversed(field)]
        elif isinstance(part, list):
            waiting += ["]", *reversed(part)]
        else:
            yield repr(part)


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        kept = _kept(node, name, value) if isinstance(value, list) else value
        if kept not in (None, []) and name not in _SILENT:
            yield name, kept


def _kept(node: ast.AST, name: str, values: list[ast.AST]) -> list[ast.AST]:
    if not isinstance(node, _DEFINITIONS):
        return values
    if name == "decorator_list":
        return [value for value in values if not _makes_tasks(value)]
    return values[1:] if name == "body" and ast.get_docstring(node, clean=False) is not None else values


def _makes_tasks(decorator: ast.AST) -> bool:
    if isinstance(decorator, ast.Call):
        return _makes_tasks(decorator.func)
    return getattr(decorator, "attr", getattr(decorator, "id", "")) == "TaskGenerator"
