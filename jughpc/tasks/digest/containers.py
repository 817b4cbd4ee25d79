"""The rules of containers, of some well-known kinds of objects, and of all others.

Sets and dicts sort their tokens, whatever the order of insertion or the hash seed; an OrderedDict keeps
its order, which is part of its value. Dataclasses count by their fields, members of an Enum by name, and
other objects by what pickle would store of them, taken apart here, so that sets and dicts inside them are
as canonical as outside.
"""

from __future__ import annotations

import copyreg
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum, Flag
from functools import partial
from io import IOBase
from operator import itemgetter
from pathlib import PurePath
from types import ModuleType
from typing import Any

from jughpc.errors import DigestError
from jughpc.tasks.digest import namesakes
from jughpc.tasks.digest.encoding import Hidden, Rule, at_once, claimed, hidden, node, ordered, text, tokens_of
from jughpc.tasks.digest.naming import named
from jughpc.tasks.walk import Steps


def rule_of(value: object) -> Rule:
    """Return the rule of any object that is neither a function nor NumPy's."""
    if type(value) in _EXACT:
        return _EXACT[type(value)]
    for family, rule in _FAMILIES:
        if isinstance(value, family):
            return rule
    return _dataclass if is_dataclass(value) else _reduced


def _reduced(value: Any) -> Steps[bytes]:
    """Give the token of an object by what pickle would store of it. Raises DigestError."""
    parts = _reduce(value)
    if not namesakes.is_settled(type(value)):
        yield type(value)
    kind = named(b"kind", type(value))  # tells more than the function that would rebuild it, and moves less
    if isinstance(parts, str):
        return (yield from claimed(node(b"global", [kind, text(parts)]), value))
    _, args, state, items, pairs = (*parts, None, None, None)[:5]
    entries = list(pairs or ()) if isinstance(value, OrderedDict) else dict(pairs or ())
    tokens = yield from _tokens(value, args, state, list(items or ()), entries)
    return node(b"object", [kind, *tokens])


def _tokens(value: object, args: object, state: object, *entries: object) -> Steps[list[bytes]]:
    """Give the tokens of an object's parts, of which those may hold tasks that are looked into for values."""
    tokens: list[bytes]
    if hasattr(type(value), "__jug_value__") or hasattr(type(value), "__jug_dependencies__"):
        return (yield from tokens_of([args, state, *entries]))
    if not isinstance(value, dict | list | tuple | set | frozenset):
        tokens = yield Hidden([args, state, *entries], value)
        return tokens
    tokens = yield Hidden([state], value)
    first, *others = yield from tokens_of([args, *entries])
    return [first, *tokens, *others]


def _reduce(value: Any) -> Any:
    reducer = copyreg.dispatch_table.get(type(value))
    try:
        return reducer(value) if reducer else value.__reduce_ex__(4)
    except Exception as error:  # whatever a class's own reducer may raise
        raise DigestError(
            f"an object of type {type(value).__module__}.{type(value).__qualname__}, which cannot be pickled "
            f"({error}), so that nobody can tell whether two such calls are the same. {_instead_of(value)}"
        ) from error


def _instead_of(value: Any) -> str:
    if isinstance(value, Iterator) and not isinstance(value, IOBase):
        return "Pass a list of what it gives: list(...)."
    if isinstance(value, IOBase):
        return "Pass the file's name, and open it in the function."
    return "Pass what it is made from, or give its class a method __jug_hash__() that returns bytes."


def _sequence(values: Sequence[object]) -> Steps[bytes]:
    return node(type(values).__name__.encode(), (yield from tokens_of(values)))


def _set(values: Iterable[object]) -> Steps[bytes]:
    tokens = yield from tokens_of(values)
    return node(type(values).__name__.encode(), sorted(tokens))


def _mapping(values: Mapping[object, object]) -> Steps[bytes]:
    keys = yield from tokens_of(values.keys())
    tokens = yield from tokens_of(values.values())
    return node(b"dict", sorted(map(bytes.__add__, keys, tokens)))


def _set_like(members: Any) -> Steps[bytes]:
    state = yield Hidden([getattr(members, "__dict__", None)], members)
    tokens = yield from tokens_of([type(members), frozenset(members)])
    return node(b"set like", [*tokens, *state])


def _enum(member: Enum) -> Steps[bytes]:
    key = member.value if isinstance(member, Flag) else member.name  # a combined Flag had no name before 3.11
    return ordered(b"enum", type(member), key)


def _dataclass(value: Any) -> Steps[bytes]:
    parts = {field.name: getattr(value, field.name) for field in fields(value)}
    return ordered(b"dataclass", type(value), parts)


_EXACT: dict[type, Rule] = {
    list: _sequence,
    tuple: _sequence,
    set: _set,
    frozenset: _set,
    dict: _mapping,
    itemgetter: lambda getter: hidden(b"item", getter, *getter.__reduce__()[1]),
    slice: lambda cut: hidden(b"slice", cut, cut.start, cut.stop, cut.step),
    partial: lambda call: hidden(b"partial", call, call.func, call.args, call.keywords),
    ModuleType: lambda module: at_once(node(b"module", [text(module.__name__)])),
}
_FAMILIES: list[tuple[type, Rule]] = [
    (type, lambda kind: claimed(named(b"class", kind), kind)),
    (Enum, _enum),
    (PurePath, lambda path: at_once(node(b"path", [text(str(path))]))),
    (set, _set_like),
    (frozenset, _set_like),
]
SHAREABLE = (_dataclass, _reduced)
"""The rules of objects that many others may refer to; builtin containers are quicker done again."""
