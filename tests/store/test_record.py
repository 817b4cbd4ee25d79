from __future__ import annotations

import dataclasses
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.store import record as records
from jughpc.store.record import ALIVE, DIED, ENDED, SIZE, Record

RECORD = Record(
    life="slurm-12_3-node1-77-0a1b2c3d", host="node1", space="boot-4026531836", pid=77, started=12345, user="ada"
)

_ANY = {
    "life": st.from_regex(r"[A-Za-z0-9_-]{1,94}", fullmatch=True),
    "host": st.text(), "space": st.text(), "user": st.text(), "owner": st.text(), "reason": st.text(),
    "task": st.text(max_size=400) | st.text(st.characters(codec="ascii"), min_size=300),
    "submission": st.just("") | st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
    "state": st.sampled_from([ALIVE, ENDED, DIED]), "how": st.sampled_from(["", "crash", "unknown"]),
    "digest": st.just("") | st.binary(min_size=16, max_size=16).map(bytes.hex),
    "copied": st.booleans(), "pid": st.integers(1, 1 << 22), "worker": st.integers(0, records.MOST_WORKERS),
}  # fmt: skip
_NUMBERS = st.integers(-(1 << 63), (1 << 64) - 1)


def any_record():
    kinds = {"int": _NUMBERS, "float": st.floats(-(1 << 63), 1 << 63)}
    fields = {f.name: _ANY[f.name] if f.name in _ANY else kinds[f.type] for f in dataclasses.fields(Record)}
    return st.builds(Record, **fields)


@given(any_record())
def test_a_record_always_takes_the_same_room(record):
    assert len(records.encode(record)) == SIZE


def test_the_fullest_record_fits():
    longest = {"life": "l" * 94, "state": ENDED, "digest": "d" * 32, "how": "unknown", "pid": 1 << 22}
    longest |= {"worker": records.MOST_WORKERS}
    kinds = {"str": "x" * 1000, "int": -(1 << 63), "float": -1.2345678901234567e-300, "bool": False}
    full = Record(**{field.name: longest.get(field.name, kinds[field.type]) for field in dataclasses.fields(Record)})
    assert len(records.encode(full)) == SIZE


@given(any_record())
def test_what_identifies_a_life_is_never_cut(record):
    found = records.decode(records.encode(record))
    assert found is not None
    for name in ("life", "pid", "started", "state", "beats", "digest", "copied", "element"):
        assert getattr(found, name) == getattr(record, name)


@given(any_record())
def test_a_record_is_plain_text_in_one_line(record):
    text = records.encode(record).decode("ascii")
    assert text.index("\n") == SIZE - 1
    assert json.loads(text.partition(" ")[2])["life"] == record.life


def test_an_ordinary_record_comes_back_as_it_was():
    record = dataclasses.replace(
        RECORD, owner="slurm:12_3.0", task="primes.is_prime", since=1e9 + 0.25, memory=1 << 30, reason="signal 15"
    )
    assert records.decode(records.encode(record)) == record


def test_a_text_too_long_ends_in_dots():
    record = dataclasses.replace(RECORD, task="module." + "f" * 500)
    found = records.decode(records.encode(record))
    assert found is not None
    assert found.task.startswith("module.fff")
    assert found.task.endswith("...")


@given(st.integers(0, SIZE - 1), st.integers(1, 255))
def test_a_changed_byte_is_torn_or_harmless(place, change):
    text = bytearray(records.encode(RECORD))
    text[place] ^= change
    assert records.decode(bytes(text)) in (None, RECORD)


@given(st.integers(1, SIZE - 1))
def test_a_rewrite_seen_half_done_is_torn_or_one_of_the_two(place):
    before = records.encode(RECORD)
    later = dataclasses.replace(RECORD, beats=7, task="primes.is_prime")
    half = records.encode(later)[:place] + before[place:]
    assert records.decode(half) in (None, RECORD, later)


@given(st.binary(max_size=64))
def test_foreign_text_is_no_record(text):
    assert records.decode(text) is None


def test_a_checksum_over_what_is_no_record_is_no_record():
    text = b"[1, 2]"
    assert records.decode(b"%08x %s" % (zlib.crc32(text), text)) is None


def test_fields_of_a_later_version_are_passed_over():
    text = records.encode(RECORD).partition(b" ")[2].rstrip()
    longer = text[:-1] + b', "news": 1}'
    assert records.decode(b"%08x %s" % (zlib.crc32(longer), longer)) == RECORD


FOREIGN = {
    "str": [
        "../../x",
        "/etc/passwd",
        "--user=me",
        "a/b",
        "a b\n",
        "x\x1b[2J",
        "é",
        "x" * 5000,
        "a\0b",
        1,
        None,
        True,
        [],
        {},
    ],
    "int": [True, None, "1", 1.5, float("inf"), 10**30, [], {}],
    "float": [float("nan"), float("inf"), "1", None, False, [], {}],
    "bool": [0, 1, "yes", None, []],
}


def text_of(fields):
    text = json.dumps(fields).encode()
    return b"%08x %s" % (zlib.crc32(text), text)


@pytest.mark.parametrize("key", [field.name for field in dataclasses.fields(Record)])
def test_a_record_with_one_foreign_field_is_none(key):
    kind = next(field.type for field in dataclasses.fields(Record) if field.name == key)
    plain = ("host", "space", "user", "owner", "task", "reason")  # shown to people, never a path or an option
    harmless = ("../../x", "/etc/passwd", "--user=me", "a/b") if key in plain else ()
    for value in FOREIGN[kind]:
        found = records.decode(text_of({**dataclasses.asdict(RECORD), key: value}))
        cut = value in harmless and found is not None and len(str(value)) <= 24
        assert found is None or cut, (key, value)


@pytest.mark.parametrize("pid", [-1, 0, 1 << 40])
def test_a_record_of_no_process_is_none(pid):
    assert records.decode(text_of({**dataclasses.asdict(RECORD), "pid": pid})) is None


def test_the_record_of_another_life_in_ones_place_is_none():
    assert records.decode(records.encode(RECORD), "another") is None
    assert records.decode(records.encode(RECORD), RECORD.life) == RECORD
