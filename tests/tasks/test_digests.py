"""Digests in one piece of memory are a sequence like any other."""

from __future__ import annotations

import tracemalloc

import pytest

from jughpc.tasks.digests import Apart, Digests, InOnePiece

EACH = [bytes([number]) * 16 for number in range(5)]
KINDS = [Apart(EACH), InOnePiece(b"".join(EACH))]


@pytest.mark.parametrize("digests", KINDS, ids=lambda one: type(one).__name__)
def test_they_are_told_by_place_by_places_and_one_after_the_other(digests: Digests) -> None:
    assert len(digests) == 5
    assert [digests[place] for place in range(-5, 5)] == [*EACH, *EACH]
    assert (list(digests[1:4]), list(digests[::-2])) == (EACH[1:4], EACH[::-2])
    assert digests.of([3, 0, 3]) == [EACH[3], EACH[0], EACH[3]]
    assert list(digests) == EACH
    assert digests.data == b"".join(EACH)
    for place in (5, -6):
        with pytest.raises(IndexError):
            digests[place]


def test_joining_them_takes_little_more_than_twice_what_they_are() -> None:
    digests = Apart(bytes([i % 251]) * 16 for i in range(50_000))
    assert Apart(digests[:1]).data
    tracemalloc.start()
    try:
        whole = digests.data
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * len(whole)
