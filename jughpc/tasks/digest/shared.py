"""Containers that are arguments of many calls: the token of one that is met again is not made again.

A container is found by its identity, and its token believed if it holds the very same objects as when that was
made, all of kinds whose own tokens cannot change unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from operator import is_
from threading import Lock
from typing import Any, NamedTuple

from jughpc.tasks.digest.encoding import ATOMS, FLAT
from jughpc.tasks.digest.hiding import here

MANY = 64  # parts; a smaller container is quicker done again
KINDS = frozenset({list, tuple, dict, set, frozenset})

_MOST_SEEN = 1 << 16  # containers


class _Known(NamedTuple):
    """A token, and what it was made of."""

    kind: type
    parts: tuple[Any, ...]
    token: bytes


class Shared:
    """The large containers met since the last `forget`.

    The first time only the identity of one is noted; its parts and token are kept from the second on, so that
    arguments of single calls cost next to nothing.

    Args:
        most: How many parts of all are kept, at 8 bytes each.

    Attributes:
        size: How many are.
    """

    def __init__(self, most: int = 1 << 22) -> None:
        self._most, self._writing = most, Lock()
        self._seen: dict[int, None] = {}  # identities, perhaps of what is gone: then one is kept a little early
        self._known: dict[int, _Known] = {}
        self.size = 0

    def find(self, container: Any) -> bytes | None:
        """Return the token of a container that was met before and did not change, else None."""
        known = self._known.get(id(container))
        return known.token if known and _is_same(container, known) else None

    def met(self, container: Any, token: bytes) -> None:
        """Take note of a container and of the token that was just made of it."""
        with self._writing:
            self._met(id(container), container, token)

    def _met(self, key: int, container: Any, token: bytes) -> None:
        if key in self._seen:
            self._keep(key, _Known(type(container), tuple(_parts(container)), token))
            return
        self._seen[key] = None
        if len(self._seen) > _MOST_SEEN:
            del self._seen[next(iter(self._seen))]

    def forget(self) -> None:
        """Let go of all: tokens of parts may be others now, or nothing more is to come."""
        with self._writing:
            self._seen.clear()
            self._known.clear()
            self.size = 0

    def _keep(self, key: int, known: _Known) -> None:
        if len(known.parts) > self._most or not all(map(_is_stable, known.parts)):
            return
        self._drop(key)
        while self.size + len(known.parts) > self._most:
            self._drop(next(iter(self._known)))
        self._known[key] = known
        self.size += len(known.parts)

    def _drop(self, key: int) -> None:
        if key in self._known:
            self.size -= len(self._known.pop(key).parts)


def _parts(container: Any) -> Iterable[Any]:
    return chain(container, container.values()) if isinstance(container, dict) else container


def _is_same(container: Any, known: _Known) -> bool:
    """Tell whether a container holds exactly the same objects: equal ones may have other tokens."""
    kind: type = type(container)
    if kind is not known.kind or len(container) * (2 if kind is dict else 1) != len(known.parts):
        return False
    return all(map(is_, _parts(container), known.parts))


def _is_stable(part: Any) -> bool:
    """Tell whether the token of `part` is the same as long as it is the same object."""
    if type(part) is tuple:
        return len(part) < MANY and all(type(inner) in ATOMS and type(inner) is not bytearray for inner in part)
    return type(part) in ATOMS and type(part) is not bytearray


shared = Shared()


def _once(make: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    """Return `make`, which gives the token of a container, but with what is known already."""

    def token(container: Any) -> bytes:
        if len(container) < MANY or here.owners:  # a task in what is hidden is to be met, and refused
            return make(container)
        found = shared.find(container)
        if found is None:
            found = make(container)
            shared.met(container, found)
        return found

    return token


FLAT.update({kind: _once(FLAT[kind]) for kind in (list, tuple, dict)})
