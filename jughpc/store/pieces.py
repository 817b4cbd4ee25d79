"""The pickle of a large list or dict of plain values, made piece by piece while it is written: no second copy of it."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, islice
from typing import Any
from zlib import crc32

LARGE = 32 << 20  # [bytes] a pickle of fewer is made at once

_PIECE = 1 << 20  # [bytes] of one piece, about
_MANY = 1024  # values; of fewer the large ones are written from where they lie
_LOOKED_AT = 64  # values that tell how large the rest are
_SAMPLES, _SAMPLE = 4, 1 << 14  # so many samples of so many bytes, about
_ATOMS = frozenset({int, float, complex, bool, type(None), str, bytes})
_SHARED = frozenset({str, bytes, tuple})  # what a pickle holds once, however often the same object is met in it
_HEADS: dict[type, bytes] = {list: b"\x80\x03]", dict: b"\x80\x03}"}  # protocol 3: later ones put frames around all
_STOP = b"."


class Pieces:
    """A pickle that is made anew each time it is gone through; what it is of must not change meanwhile.

    Args:
        value: A list or dict.
        each: How many of its values make a piece.
    """

    def __init__(self, value: Any, each: int) -> None:
        self._value, self._each = value, each

    def __len__(self) -> int:
        """Return how many bytes it has."""
        return self._sums[0]

    @property
    def crc(self) -> int:
        """The CRC-32 of all of it."""
        return self._sums[1]

    def __iter__(self) -> Iterator[bytes]:
        yield _HEADS[type(self._value)]
        items = iter(_items(self._value))
        while part := type(self._value)(islice(items, self._each)):
            yield _body(part)
        yield _STOP

    def sample(self) -> bytes:
        """Return pieces that lie evenly in it."""
        few = max(1, self._each * _SAMPLE // _PIECE)
        starts = (number * (len(self._value) - few) // (_SAMPLES - 1) for number in range(_SAMPLES))
        parts = (islice(_items(self._value), start, start + few) for start in starts)
        return b"".join([_body(type(self._value)(part)) for part in parts])

    @cached_property
    def _sums(self) -> tuple[int, int]:
        size = crc = 0
        for piece in self:
            size, crc = size + len(piece), crc32(piece, crc)
        return size, crc


def in_pieces(value: object, large: int = LARGE) -> Pieces | None:
    """Return a pickle of `value`, None unless that is `large` [bytes], and would hold each part of it anyhow.

    So it is with lists and dicts of numbers, texts, and tuples of such, unless these are mostly the same few objects.
    """
    each = _each(value, large) if type(value) in _HEADS else 0
    return Pieces(value, each) if each and _is_plain(value) else None


def _each(value: Any, large: int) -> int:
    """Return how many values of a list or dict make a piece, 0 if all of them are to be pickled at once."""
    if len(value) < _MANY:
        return 0
    some = type(value)(islice(_items(value), 0, None, len(value) // _LOOKED_AT))
    if not _is_plain(some):
        return 0
    size = len(_body(some)) / len(some)
    shared = [id(one) for one in _flat(some) if type(one) in _SHARED]
    is_worth_it = size * len(value) >= large and 2 * len(set(shared)) >= len(shared)
    return max(1, int(_PIECE / size)) if is_worth_it else 0


def _is_plain(value: Any) -> bool:
    kinds = set(map(type, _values(value)))
    tuples = (one for one in _values(value) if type(one) is tuple) if tuple in kinds else ()
    return kinds - {tuple} <= _ATOMS and _ATOMS.issuperset(map(type, chain.from_iterable(tuples)))


def _flat(value: Any) -> Iterator[object]:
    for one in _values(value):
        yield one
        if type(one) is tuple:
            yield from one


def _values(value: Any) -> Iterable[Any]:
    return chain(value, value.values()) if isinstance(value, dict) else value


def _items(value: Any) -> Iterable[Any]:
    return value.items() if isinstance(value, dict) else value


def _body(part: object) -> bytes:
    """Return what a pickle of a list or dict says between its beginning and its end."""
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, 3)
    pickler.fast = True  # without a memo, so that pieces know nothing of each other
    pickler.dump(part)
    return stream.getvalue()[len(_HEADS[list]) : -len(_STOP)]
