from __future__ import annotations

import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib import format as npy

from jughpc.errors import UnstorableError
from jughpc.store import resultfile
from jughpc.store.resultfile import ALIGN, BUFFERS, HEAD, NPY, PICKLE, ZLIB, DamagedError

DIGEST = bytes(range(16))
OTHER = bytes(range(16, 32))


def content_of(results):
    parts = resultfile.pack({digest: resultfile.encode(value) for digest, value in results.items()})
    return bytearray(b"".join(bytes(part) for part in parts))


def loaded(content, digest=DIGEST):
    data = memoryview(content)
    return resultfile.decode(data, resultfile.read_index(data)[digest])


def round_trip(value):
    return loaded(content_of({DIGEST: value}))


def codec_of(value):
    return resultfile.encode(value).codec


@pytest.mark.parametrize(
    "value",
    [None, True, 7, 1 << 200, 2.5, "text", b"bytes", (), [1, [2]], {"a": {1, 2}}, frozenset({3}), 1 + 2j, range(3)],
    ids=repr,
)
def test_a_plain_value_comes_back_equal_and_of_its_type(value):
    found = round_trip(value)
    assert (found, type(found)) == (value, type(value))


STRUCTURED = np.dtype([("name", "S7"), ("weight", "<f4"), ("grid", "<i2", (2, 3))])

ARRAYS = {
    "c order": np.arange(24.0).reshape(2, 3, 4),
    "f order": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "0-d": np.array(3.5),
    "no rows": np.zeros((0, 5)),
    "no columns": np.zeros((5, 0), order="F"),
    "structured": np.array([(b"abc", 1.5, [[1, 2, 3], [4, 5, 6]])] * 5, STRUCTURED),
    "big endian": np.arange(5, dtype=">i8"),
    "text": np.array(["one", "three"]),
    "dates": np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"),
    "flags": np.array([True, False, True]),
    "complex": np.array([1 + 2j, 3 - 4j]),
    "fields in any script": np.array([(1, 2.0)], [("größe", "i4"), ("長さ", "f8")]),
    "a dtype with notes": np.zeros(3, np.dtype("f8", metadata={"unit": "m"})),
    "empty items": np.zeros(4, dtype="V0"),
    "more than a page": np.arange(100_000, dtype=np.int32),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_comes_back_with_its_type_shape_and_order(kind):
    array = ARRAYS[kind]
    found = round_trip(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    assert found.flags.f_contiguous == array.flags.f_contiguous


def test_an_array_is_stored_as_npy_and_used_where_it_lies():
    assert codec_of(ARRAYS["c order"]) == NPY
    content = content_of({OTHER: "in front", DIGEST: ARRAYS["more than a page"]})
    assert np.shares_memory(loaded(content), np.frombuffer(content, "u1"))


def test_the_data_of_an_array_start_at_a_multiple_of_64_in_the_file():
    content = content_of({OTHER: "x" * 101, DIGEST: ARRAYS["c order"]})
    start = loaded(content).__array_interface__["data"][0]
    assert (start - np.frombuffer(content, "u1").__array_interface__["data"][0]) % ALIGN == 0


def test_a_loaded_array_may_be_changed():
    array = round_trip(np.zeros(3))
    array[0] = 1
    assert array[0] == 1


@pytest.mark.parametrize(
    "array",
    [np.arange(12).reshape(3, 4)[:, ::2], np.array([{"an": "object"}, None]), np.ma.array([1, 2], mask=[0, 1])],
    ids=["not contiguous", "of objects", "masked"],
)
def test_arrays_of_other_kinds_are_pickled(array):
    assert codec_of(array) & 0xFF != NPY
    found = round_trip(array)
    assert type(found) is type(array)
    assert found.tolist() == array.tolist()


def test_arrays_within_a_dict_lie_out_of_band():
    value = {"a": np.arange(1000), "b": [np.ones((3, 3), order="F")], "c": "text"}
    assert codec_of(value) == BUFFERS
    content = content_of({DIGEST: value})
    found = loaded(content)
    assert np.array_equal(found["a"], value["a"])
    assert np.array_equal(found["b"][0], value["b"][0])
    assert found["c"] == "text"
    assert np.shares_memory(found["a"], np.frombuffer(content, "u1"))


def test_text_that_compresses_is_compressed():
    text = "the same line again\n" * 1000
    encoded = resultfile.encode(text)
    assert encoded.codec == PICKLE | ZLIB
    assert encoded.length * 10 < len(text)
    assert round_trip(text) == text


def test_what_does_not_compress_is_stored_as_it_is():
    noise = np.random.default_rng(1).bytes(10_000)
    assert codec_of(noise) == PICKLE
    assert round_trip(noise) == noise


def test_a_short_text_is_not_compressed():
    assert codec_of("a" * 1000) == PICKLE


class Refuses:
    def __reduce__(self):
        raise RuntimeError("not me")


class HoldsAScatteredBuffer:
    def __reduce_ex__(self, protocol):
        return bytes, (pickle.PickleBuffer(memoryview(b"0123456789")[::2]),)


@pytest.mark.parametrize(
    "value",
    [Refuses(), [Refuses()], lambda: 0, (x for x in "ab"), HoldsAScatteredBuffer()],
    ids=lambda value: type(value).__name__,
)
def test_what_cannot_be_pickled_is_unstorable_and_says_why(value):
    with pytest.raises(UnstorableError, match=type(value).__qualname__) as caught:
        resultfile.encode(value)
    assert caught.value.__cause__ is not None


def test_what_nests_too_deep_is_unstorable():
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(UnstorableError, match=r"recursion|Stack overflow"):
        resultfile.encode(value)
    while value:  # or taking it down would recurse too
        value = value.pop()


@given(st.dictionaries(st.binary(min_size=16, max_size=16), st.binary(max_size=300) | st.integers(), min_size=1))
def test_many_results_come_back_from_one_file(results):
    content = content_of(results)
    assert {digest: loaded(content, digest) for digest in results} == results


def test_the_index_of_a_full_shard_fits_the_first_read():
    content = content_of({bytes([n, 0]) + bytes(14): n for n in range(256)})
    assert resultfile.index_size(content[:HEAD]) < HEAD


def test_one_result_is_found_without_reading_the_whole_index():
    many = {bytes([n]) * 16: resultfile.encode(n) for n in range(200)}
    content = b"".join(resultfile.pack(many))
    index = resultfile.read_index(content)
    assert all(resultfile.Index(content).find(digest) == index[digest] for digest in many)
    assert resultfile.Index(content).find(bytes([201]) * 16) is None


def test_a_digest_in_the_middle_of_an_entry_is_not_taken_for_one():
    first, second = resultfile.encode(1), resultfile.encode(2)
    content = b"".join(resultfile.pack({b"a" * 16: first, b"b" * 16: second}))
    straddling = content[16 + 8 : 16 + 24]  # the end of a digest, and the offset behind it
    assert resultfile.Index(content).find(straddling) is None


# damage

SAMPLE = {DIGEST: {"a": np.arange(40), "b": "text"}, OTHER: np.arange(30.0), bytes(16): 5, b"z" * 16: "words " * 2000}


def outcome(content, digest):
    """Return what a reader makes of one result of a damaged file: `damaged`, or the value's bytes."""
    try:
        return pickle.dumps(loaded(content, digest))
    except (DamagedError, KeyError):
        return "damaged"


@given(st.data())
def test_a_flipped_bit_is_noticed_or_harmless(data):
    content = content_of(SAMPLE)
    whole = {digest: outcome(content, digest) for digest in SAMPLE}
    place = data.draw(st.integers(0, len(content) - 1) | st.integers(0, 16 + 40 * len(SAMPLE)))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    for digest in SAMPLE:
        assert outcome(content, digest) in (whole[digest], "damaged")


@given(st.integers(0, len(content_of(SAMPLE)) - 1))
def test_a_truncated_file_is_noticed_or_harmless(length):
    content = content_of(SAMPLE)
    whole = {digest: outcome(content, digest) for digest in SAMPLE}
    for digest in SAMPLE:
        assert outcome(content[:length], digest) in (whole[digest], "damaged")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"\x89jughpc", "within its header"), (b"x" * 100, "does not start like a result file")],
)
def test_what_is_no_result_file_says_what_is_wrong_with_it(content, words):
    with pytest.raises(DamagedError, match=words):
        resultfile.read_index(content)


def test_an_index_cut_short_is_damage():
    content = content_of(SAMPLE)
    with pytest.raises(DamagedError, match="index"):
        resultfile.read_index(content[:50])


def test_the_whole_results_of_a_damaged_file_can_be_kept():
    content = content_of(SAMPLE)
    entry = resultfile.read_index(content)[OTHER]
    content[entry.offset + 3] ^= 1
    data = memoryview(content)
    kept = dict(resultfile.intact(data, resultfile.read_index(data)))
    assert kept.keys() == SAMPLE.keys() - {OTHER}
    again = b"".join(bytes(part) for part in resultfile.pack(kept))
    assert loaded(again, b"z" * 16) == SAMPLE[b"z" * 16]


def test_results_that_were_kept_carry_the_checksum_they_were_made_with():
    content = content_of({DIGEST: "text"})
    ((digest, encoded),) = resultfile.intact(memoryview(content), resultfile.read_index(content))
    assert (digest, encoded.crc) == (DIGEST, zlib.crc32(b"".join(bytes(part) for part in encoded.parts)))


def with_payload(codec, payload):
    """Return a result file of that codec, whose checksum is right, whatever lies in it."""
    return b"".join(
        map(bytes, resultfile.pack({DIGEST: resultfile.Encoded(codec, zlib.crc32(payload), len(payload), (payload,))}))
    )


def npy_of(**head):
    made = io.BytesIO()
    npy.write_array_header_2_0(made, {"descr": "<i8", "fortran_order": False, "shape": (3,), **head})
    return made.getvalue() + bytes(24)


STRANGE = {
    "another codec": (77, b"x"), "no array": (NPY, b"x" * 64), "an empty array": (NPY, b""),
    "an array of 10^10": (NPY, npy_of(shape=(10**10,))), "of no number": (NPY, npy_of(shape=(-7,))),
    "of objects": (NPY, npy_of(descr="|O")), "no zlib": (PICKLE | ZLIB, b"x" * 64),
    "an empty zlib": (PICKLE | ZLIB, b""),
    "half a zlib": (PICKLE | ZLIB, zlib.compress(bytes(10**6))[:-9]),
    "2^60 buffers": (BUFFERS, struct.pack("<Q", 1 << 60)), "no buffers": (BUFFERS, b""),
    "no pickle": (BUFFERS, struct.pack("<Q", 0)),
    "buffers of another size": (BUFFERS, struct.pack("<3Q", 2, 1 << 62, 1 << 62)),
    "zlib of no array": (NPY | ZLIB, zlib.compress(b"x" * 64)),
}  # fmt: skip


@pytest.mark.parametrize("kind", STRANGE)
def test_what_no_result_holds_is_damaged_though_its_checksum_is_right(kind):
    with pytest.raises(DamagedError):
        loaded(bytearray(with_payload(*STRANGE[kind])))
