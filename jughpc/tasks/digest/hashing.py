"""The digest: one hash of a call, equal wherever and whenever the same call is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jughpc.blake import blake2b
from jughpc.tasks.digest import arrays, functions, namesakes
from jughpc.tasks.digest import containers as kinds
from jughpc.tasks.digest.encoding import FLAT, SIZE, Claim, Hidden, Rule, at_once, node, ordered, text, tokens_of
from jughpc.tasks.digest.hiding import here
from jughpc.tasks.digest.shared import KINDS, MANY, shared
from jughpc.tasks.walk import Steps, fold

FORMAT = b"jughpc 1"  # leads every digest: a change of the encoding is a change of this
Head = blake2b
"""The hash that all digests of one function's calls begin with."""


def token(value: object) -> bytes:
    """Return the token of any value. Raises DigestError."""
    try:
        return FLAT[type(value)](value)
    except KeyError:
        digestion = _Digestion()
        return digestion.run(digestion.steps(value))


def hash_one(value: object) -> bytes:
    """Return the digest of any value, as 32 hexadecimal characters. Raises DigestError."""
    return blake2b(FORMAT + token(value), digest_size=SIZE).hexdigest().encode()


def new_hash_object() -> blake2b:
    """Return a hash to be fed by `hash_update`, for those who write a `__jug_hash__` of their own."""
    return blake2b(FORMAT, digest_size=SIZE)


def hash_update(hasher: blake2b, elems: Iterable[tuple[object, object]]) -> None:
    """Feed pairs of a label and a value to a hash. Raises DigestError."""
    for pair in elems:
        hasher.update(token(tuple(pair)))


def head_of(*parts: bytes) -> Head:
    """Return the head of a function that is known by `parts`."""
    return blake2b(FORMAT + node(b"head", parts), digest_size=SIZE)


def of_call(head: Head, args: Sequence[object], kwargs: Mapping[str, object]) -> bytes:
    """Return the digest of a call, given the head of its function. Raises DigestError."""
    try:
        body = b"".join([FLAT[type(value)](value) for value in args])
        if kwargs:
            body += _named_part({name: FLAT[type(value)](value) for name, value in kwargs.items()})
    except KeyError:
        return _Digestion().run(call_steps(head, args, kwargs))
    hasher = head.copy()  # which is quicker than to begin anew
    hasher.update(body)
    return hasher.digest()


def call_steps(head: Head, args: Sequence[object], kwargs: Mapping[str, object]) -> Steps[bytes]:
    """Give the digest of a call step by step; the same as `of_call`."""
    hasher = head.copy()
    for token in (yield from tokens_of(args)):
        hasher.update(token)
    if kwargs:
        tokens = yield from tokens_of(kwargs.values())
        hasher.update(_named_part(dict(zip(kwargs, tokens, strict=True))))
    return hasher.digest()


def _named_part(tokens: Mapping[str, bytes]) -> bytes:
    return b"k" + b"".join([text(name) + tokens[name] for name in sorted(tokens)])


class _Digestion:
    """One walk through an object: an object that is met again is not taken apart again."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, bytes]] = {}
        self._has_loops = False

    def run(self, first: Steps[bytes]) -> bytes:
        """Return the token that `first` gives."""
        owners = list(here.owners)
        try:
            return fold(first, self.steps, self._again)
        finally:
            here.owners[:] = owners  # whatever was broken off

    def _hidden(self, value: Hidden) -> Steps[Any]:
        """Give the tokens of parts in which no task may be."""
        here.owners.append(value.owner)
        tokens = yield from tokens_of(value.parts)
        here.owners.pop()
        return tokens

    def steps(self, value: Any) -> Steps[bytes]:
        """Give the token of a value step by step."""
        if type(value) is Hidden:
            return self._hidden(value)
        if type(value) is Claim:
            namesakes.claim(value.token, value.thing, token, value.is_whole)
            return at_once(value.token)
        if hasattr(type(value), "__jug_steps__"):
            return value.__jug_steps__()  # type: ignore[no-any-return]  # our own classes, of this signature
        if hasattr(type(value), "__jug_hash__"):
            return ordered(b"own", value.__jug_hash__())
        if type(value) in KINDS and len(value) >= MANY and not here.owners:
            return self._container(value)
        rule = functions.rule_of(value) or arrays.rule_of(value) or kinds.rule_of(value)
        return self._once(value, rule) if rule in kinds.SHAREABLE else rule(value)

    def _container(self, value: Any) -> Steps[bytes]:
        token = shared.find(value)
        if token is None:
            token = yield from kinds.rule_of(value)(value)
            shared.met(value, token)
        return token

    def _once(self, value: object, rule: Rule) -> Steps[bytes]:
        if id(value) in self._known:
            return self._known[id(value)][1]
        token = yield from rule(value)
        if not self._has_loops:  # else it may tell the way back up from this very place
            self._known[id(value)] = value, token
        return token

    def _again(self, value: object, levels: int) -> bytes:
        self._has_loops = True
        return b"^%d;" % levels
