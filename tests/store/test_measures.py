"""A file of measures that anybody may have written is read whole, or not at all."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections import Counter

import pytest

from jughpc.store.measures import Long, Measures, Slot, Summary, Sums, decode, decode_summary, encode, together

SUMS = Sums(3, 1, 2.5, 2.0, 0.5, 1.0, 1 << 20, Counter({0: 2, 1: 1}))
FOUND = Measures(
    Summary("life-a", "node1", 1e9, 1e9 + 60, 2.25, 1 << 30, {"mod.f": SUMS}),
    1.0,
    [Slot("mod.f", 4, 3.0, 2.5)],
    [Long("mod.f", "0123456789ab", 4.0, 1.0, 0.5, 1 << 20, False)],
)


def line(content: object) -> bytes:
    text = json.dumps(content).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def contents() -> list[dict[str, object]]:
    return [json.loads(one.partition(b" ")[2]) for one in encode(FOUND).splitlines()]


def read(data: bytes, life: str = "life-a") -> Measures | None:
    found = decode(data, life)
    return found.rows() if found else None


def test_what_was_encoded_is_decoded():
    assert read(encode(FOUND)) == FOUND
    nothing = dataclasses.replace(FOUND, slots=[], tasks=[])
    assert read(encode(nothing)) == nothing


def test_the_first_line_alone_tells_what_functions_took():
    assert decode_summary(encode(FOUND)[:-20], "life-a") == FOUND.summary


def test_a_file_that_was_longer_before_is_read():
    assert read(encode(FOUND).ljust(4000)) == FOUND


def test_a_file_of_another_life_or_one_cut_off_anywhere_tells_nothing():
    data = encode(FOUND)
    assert decode(data, "life-b") is None
    assert [decode(data[:length], "life-a") for length in range(len(data) - 1)] == [None] * (len(data) - 1)


ODD = [None, -1, True, 1e400, 10**400, float("nan"), "x", [], {}, [[1]], 1 << 70]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("which", [0, 1])
def test_any_odd_value_in_place_of_any_field_is_no_error(which, odd):
    for key in contents()[which]:
        content = contents()
        content[which][key] = odd
        decode(b"".join(map(line, content)), "life-a")
        decode_summary(line(content[0]), "life-a")


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_any_odd_number_in_a_column_is_no_error_and_is_never_believed(odd):
    for key in ("slots", "tasks"):
        for column in range(len(contents()[1][key])):
            content = contents()
            content[1][key][column] = [odd]
            found = decode(b"".join(map(line, content)), "life-a")
            assert found is None or odd is True


def test_the_sums_of_several_lives_add_up():
    both = together([FOUND.summary, FOUND.summary])["mod.f"]
    assert (both.count, both.failed, both.wall, both.least, both.most, both.bins[0]) == (6, 2, 5.0, 0.5, 1.0, 4)
    assert both.mean == 5.0 / 6
