"""The digest: one canonical encoding of a call, equal wherever and whenever the same call is made.

Every value becomes a *token*: bytes that begin with their kind and tell where they end, so that no two
different sequences of values ever give the same bytes. Plain values are spelled out; whatever has parts
is a hash over its parts' tokens, so that a token stays small and nothing needs recursion. Sets and dicts
sort their tokens; an OrderedDict keeps its order, which is part of its value.
"""

from __future__ import annotations

import copyreg
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum, Flag
from functools import partial
from hashlib import blake2b
from pathlib import PurePath
from types import ModuleType
from typing import Any

from jughpc.errors import DigestError
from jughpc.tasks.walk import Steps, fold

SIZE = 16  # bytes of a digest
FORMAT = b"jughpc 1"  # leads every digest: a change of the encoding is a change of this
Head = blake2b
Rule = Callable[[Any], Steps[bytes]]

_double = struct.Struct(">d").pack


def _float(number: float) -> bytes:
    return b"f" + _double(number) if number == number else b"n"  # one token for every NaN


def _complex(number: complex) -> bytes:
    return b"c" + _float(number.real) + _float(number.imag)


def _str(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(data), data)


def _range(numbers: range) -> bytes:
    n = len(numbers)  # equal ranges may have other limits: only what they hold counts
    return b"r%x,%x,%x;" % (n, numbers.start if n else 0, numbers.step if n > 1 else 0)


def _flat_tuple(values: tuple[object, ...]) -> bytes:
    return node(b"tuple", [PLAIN[type(value)](value) for value in values])


PLAIN: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda flag: b"T" if flag else b"F",
    int: lambda number: b"i%x;" % number,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: lambda data: b"b%d:%b" % (len(data), data),
    bytearray: lambda data: b"y%d:%b" % (len(data), data),
    range: _range,
    type(...): lambda _: b"E",
}
"""Token by exact type, where no parts need to be looked at."""

FLAT: dict[type, Callable[[Any], bytes]] = {**PLAIN, tuple: _flat_tuple}
"""As PLAIN, and more that is tried first; a KeyError says that the rules of parts are needed."""

RULES: dict[type, Rule] = {}
"""Rule by exact type: how the parts of a value give its token. Filled below and by `callables`."""


def node(kind: bytes, tokens: Sequence[bytes]) -> bytes:
    """Return the token of something with parts, given theirs in an order that counts."""
    return b"#" + blake2b(b"%b%d:%b" % (kind, len(tokens), b"".join(tokens)), digest_size=SIZE).digest()


def token(value: object) -> bytes:
    """Return the token of any value. Raises DigestError."""
    try:
        return FLAT[type(value)](value)
    except KeyError:
        return fold(value, _steps, _again)


def hash_one(value: object) -> bytes:
    """Return the digest of any value, as 32 hexadecimal characters. Raises DigestError."""
    return blake2b(FORMAT + token(value), digest_size=SIZE).hexdigest().encode()


def of_call(head: Head, args: Sequence[object], kwargs: Mapping[str, object]) -> bytes:
    """Return the digest of a call, given the head of what is called. Raises DigestError."""
    try:
        body = b"".join([FLAT[type(value)](value) for value in args])
        if kwargs:
            body += b"k" + b"".join([_str(key) + FLAT[type(kwargs[key])](kwargs[key]) for key in sorted(kwargs)])
    except KeyError:
        return fold(None, lambda _: call_steps(head, args, kwargs), _again)
    hasher = head.copy()  # which is quicker than to begin anew
    hasher.update(body)
    return hasher.digest()


def call_steps(head: Head, args: Sequence[object], kwargs: Mapping[str, object]) -> Steps[bytes]:
    """Give the digest of a call step by step; the same as `of_call`."""
    hasher = head.copy()
    for token in (yield from tokens_of(args)):
        hasher.update(token)
    if kwargs:
        names = sorted(kwargs)
        tokens = yield from tokens_of([kwargs[name] for name in names])
        hasher.update(b"k" + b"".join([_str(name) + token for name, token in zip(names, tokens, strict=True)]))
    return hasher.digest()


def head_of(*parts: bytes) -> Head:
    """Return the hash that every digest of one function's calls begins with."""
    return blake2b(FORMAT + node(b"head", parts), digest_size=SIZE)


def tokens_of(values: Iterable[object]) -> Steps[list[bytes]]:
    """Give the tokens of `values`."""
    tokens = []
    for value in values:
        try:
            tokens.append(FLAT[type(value)](value))
        except KeyError:  # noqa: PERF203  # costs nothing unless raised
            tokens.append((yield value))
    return tokens


def ordered(kind: bytes, *values: object) -> Steps[bytes]:
    """Give the token of something whose parts are `values`, in this order."""
    return node(kind, (yield from tokens_of(values)))


def named(kind: bytes, thing: Any) -> bytes:
    """Return the token of something known by its module and its name there."""
    return node(kind, [_str(thing.__module__), _str(thing.__qualname__)])


def _steps(value: Any) -> Steps[bytes]:
    kind = type(value)
    if hasattr(kind, "__jug_steps__"):
        return value.__jug_steps__()  # type: ignore[no-any-return]  # our own classes, with this signature
    if hasattr(kind, "__jug_hash__"):
        return ordered(b"own", value.__jug_hash__())
    if kind in RULES:
        return RULES[kind](value)
    return _rule_by_family(value)(value)


def _rule_by_family(value: object) -> Rule:
    for family, rule in _FAMILIES:
        if isinstance(value, family):
            return rule
    if is_dataclass(value):
        return _dataclass
    return _reduced


def _again(value: object, levels: int) -> bytes:
    return b"^%d;" % levels  # what contains itself is told by the way back up


def at_once(token: bytes) -> Steps[bytes]:
    """Give a token that needs no parts."""
    return token
    yield  # makes this a generator


def _sequence(values: Sequence[object]) -> Steps[bytes]:
    return node(type(values).__name__.encode(), (yield from tokens_of(values)))


def _set(values: Iterable[object]) -> Steps[bytes]:
    tokens = yield from tokens_of(values)
    return node(type(values).__name__.encode(), sorted(tokens))


def _mapping(values: Mapping[object, object]) -> Steps[bytes]:
    keys = yield from tokens_of(values.keys())
    tokens = yield from tokens_of(values.values())
    return node(b"dict", sorted(map(bytes.__add__, keys, tokens)))


def _set_like(values: Any) -> Steps[bytes]:
    state = yield vars(values) if hasattr(values, "__dict__") else {}
    return node(b"set like", [named(b"name", type(values)), (yield frozenset(values)), state])


def _enum(member: Enum) -> Steps[bytes]:
    key = member.value if isinstance(member, Flag) else member.name  # a combined Flag had no name before 3.11
    return ordered(b"enum", type(member), key)


def _dataclass(value: Any) -> Steps[bytes]:
    parts = {field.name: getattr(value, field.name) for field in fields(value)}
    return ordered(b"dataclass", type(value), parts)


def _reduced(value: Any) -> Steps[bytes]:
    """Give the token of any other object: what pickle would store of it, without pickle's memo."""
    reduced = _reduce(value)
    kind = named(b"name", type(value))
    if isinstance(reduced, str):
        return node(b"global", [kind, _str(reduced)])
    _, args, state, items, pairs = (*reduced, None, None, None)[:5]
    entries = yield from tokens_of([args, state, list(items or ()), _entries(value, pairs)])
    return node(b"object", [kind, *entries])


def _entries(value: object, pairs: Iterable[tuple[object, object]] | None) -> object:
    return list(pairs or ()) if isinstance(value, OrderedDict) else dict(pairs or ())


def _reduce(value: Any) -> Any:
    reducer = copyreg.dispatch_table.get(type(value))
    try:
        return reducer(value) if reducer else value.__reduce_ex__(4)
    except Exception as error:
        raise DigestError(
            f"A task was given an argument of type {type(value).__module__}.{type(value).__qualname__}, which "
            f"cannot be pickled ({error}); so it cannot be told whether two such calls are the same. Pass what it "
            "is made from instead, or give its class a method __jug_hash__() that returns bytes."
        ) from error


RULES.update(
    {
        list: _sequence,
        tuple: _sequence,
        set: _set,
        frozenset: _set,
        dict: _mapping,
        slice: lambda cut: ordered(b"slice", cut.start, cut.stop, cut.step),
        partial: lambda call: ordered(b"partial", call.func, call.args, call.keywords),
        ModuleType: lambda module: at_once(node(b"module", [_str(module.__name__)])),
    }
)
_FAMILIES: list[tuple[type, Rule]] = [
    (type, lambda kind: at_once(named(b"class", kind))),
    (Enum, _enum),
    (PurePath, lambda path: at_once(node(b"path", [_str(str(path))]))),
    (set, _set_like),
    (frozenset, _set_like),
]
