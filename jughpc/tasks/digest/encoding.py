"""Tokens: the canonical bytes of a value, of which digests are made.

A token begins with its kind and tells where it ends, so that no two different sequences of values ever
give the same bytes. Plain values are spelled out; whatever has parts is a hash over its parts' tokens,
so that a token stays small and nothing needs recursion.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from jughpc.blake import blake2b
from jughpc.tasks.walk import Steps

SIZE = 16  # bytes of a digest
Rule = Callable[[Any], Steps[bytes]]
"""How the parts of a value give its token."""


class Claim(NamedTuple):
    """What a rule yields to be sent `token` back, unless that stands for a namesake of `thing` that differs."""

    token: bytes
    thing: Any
    is_whole: bool  # whether the defaults and contents of a function are in the token


class Hidden(NamedTuple):
    """Parts of `owner` that a rule yields to be sent their tokens: no task in them would get its value there."""

    parts: Sequence[object]
    owner: Any


_double = struct.Struct(">d").pack


def node(kind: bytes, tokens: Sequence[bytes]) -> bytes:
    """Return the token of something with parts, given theirs in an order that counts."""
    return b"#" + blake2b(b"%b%d:%b" % (kind, len(tokens), b"".join(tokens)), digest_size=SIZE).digest()


def text(value: str) -> bytes:
    """Return the token of a text."""
    data = value.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(data), data)


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


def hidden(kind: bytes, owner: Any, *parts: object) -> Steps[bytes]:
    """Give the token of `owner`, which has `parts` that are never replaced by values. Raises DigestError for tasks."""
    tokens: list[bytes] = yield Hidden(parts, owner)
    return node(kind, tokens)


def at_once(token: bytes) -> Steps[bytes]:
    """Give a token that needs no parts."""
    return token
    yield  # makes this a generator


def claimed(token: bytes, thing: Any, is_whole: bool = False) -> Steps[bytes]:
    """Give a token that within a load stands for `thing`, and what behaves as it does, only."""
    known: bytes = yield Claim(token, thing, is_whole)
    return known


def _float(number: float) -> bytes:
    return b"f" + _double(number) if number == number else b"n"  # one token for every NaN


def _complex(number: complex) -> bytes:
    return b"c" + _float(number.real) + _float(number.imag)


def _range(numbers: range) -> bytes:
    n = len(numbers)  # equal ranges may have other limits: only what they hold counts
    return b"r%x,%x,%x;" % (n, numbers.start if n else 0, numbers.step if n > 1 else 0)


def _flat_tuple(values: tuple[object, ...]) -> bytes:
    return node(b"tuple", [ATOMS[type(value)](value) for value in values])


def _flat_list(values: list[object]) -> bytes:
    return node(b"list", [ATOMS[type(value)](value) for value in values])


def _flat_dict(values: dict[object, object]) -> bytes:
    pairs = [ATOMS[type(key)](key) + ATOMS[type(value)](value) for key, value in values.items()]
    return node(b"dict", sorted(pairs))


PLAIN: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda flag: b"T" if flag else b"F",
    int: lambda number: b"i%x;" % number,
    float: _float,
    complex: _complex,
    str: text,
    bytes: lambda data: b"b%d:%b" % (len(data), data),
    bytearray: lambda data: b"y%d:%b" % (len(data), data),
    range: _range,
    type(...): lambda _: b"E",
}
"""Token by exact type, of what has no parts."""

ATOMS: dict[type, Callable[[Any], bytes]] = dict(PLAIN)
"""As PLAIN, and tasks; a KeyError says that the digest of a task is not known yet."""

FLAT: dict[type, Callable[[Any], bytes]] = {**PLAIN, tuple: _flat_tuple, list: _flat_list, dict: _flat_dict}
"""As ATOMS, and containers of such; a KeyError says that the parts must be looked at one by one."""
