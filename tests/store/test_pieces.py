from __future__ import annotations

import pickle
import tracemalloc
import zlib
from collections import OrderedDict

import numpy as np
import pytest

from jughpc.store import resultfile
from jughpc.store.pieces import LARGE, in_pieces
from jughpc.store.resultfile import PICKLE, ZLIB

MANY = 3000
DIGEST = bytes(16)


class Text(str):
    pass


def texts():
    return [f"{number:09x}" for number in range(MANY)]


def noise(size):
    """Return different texts of 1000 characters, so many in all, that do not compress."""
    alphabet = bytes(33 + byte % 90 for byte in range(256))
    some = np.random.default_rng(1).bytes(size).translate(alphabet).decode()
    return [some[start : start + 1000] for start in range(0, size, 1000)]


@pytest.mark.parametrize(
    "value",
    [
        texts(),
        [*range(MANY)],
        [kind for number in range(MANY) for kind in (None, True, 1 << 99, 2.5, 1j, b"%d" % number, f"\ud800{number}")],
        [(text, number, 0.5) for number, text in enumerate(texts())],
        dict.fromkeys(texts(), 7),
        {(text, 1): number for number, text in enumerate(texts())},
    ],
    ids=["texts", "numbers", "all kinds", "rows", "counts", "named by tuples"],
)
def test_a_list_or_dict_comes_back_from_its_pieces_as_it_was(value):
    pieces = in_pieces(value, large=0)
    whole = b"".join(pieces)
    found = pickle.loads(whole)
    assert repr(found) == repr(value)
    assert (len(pieces), pieces.crc) == (len(whole), zlib.crc32(whole))


@pytest.mark.parametrize(
    "value",
    [
        texts()[:100],
        [*texts(), [1]],
        [*texts(), ("a", [1])],
        [*texts(), Text("a")],
        {**dict.fromkeys(texts(), 1), "last": {}},
        OrderedDict.fromkeys(texts(), 1),
        tuple(texts()),
        ["one", "two"] * MANY,
        [("one", 2)] * MANY,
    ],
    ids=[
        "few",
        "a list",
        "a list within",
        "a subclass",
        "a dict",
        "another dict",
        "a tuple",
        "the same",
        "the same row",
    ],
)
def test_what_a_memo_makes_smaller_or_keeps_together_is_pickled_at_once(value):
    assert in_pieces(value, large=0) is None


def test_what_is_not_large_is_pickled_at_once():
    assert in_pieces(texts()) is None


def test_a_large_list_is_stored_without_a_second_copy_of_it():
    value = noise(LARGE * 5 // 4)
    tracemalloc.start()
    try:
        encoded = resultfile.encode(value)
        size = sum(len(part) for part in resultfile.pack({DIGEST: encoded}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert encoded.codec == PICKLE
    assert size > LARGE
    assert peak < LARGE / 4


def test_a_large_list_that_compresses_comes_back():
    value = [f"the same line again, number {number}\n" * 20 for number in range(LARGE // 400)]
    encoded = resultfile.encode(value)
    content = memoryview(b"".join(resultfile.pack({DIGEST: encoded})))
    assert encoded.codec == PICKLE | ZLIB
    assert resultfile.decode(content, resultfile.read_index(content)[DIGEST]) == value
