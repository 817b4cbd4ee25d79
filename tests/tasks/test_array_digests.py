"""NumPy's objects count by dtype, shape and content."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jughpc.tasks.task import Task


def f(*args: object) -> object:
    return args


def digest(*args: object) -> bytes:
    return Task(f, *args).digest


GRID = np.arange(12, dtype="<f8").reshape(3, 4)
RECORDS = np.zeros(2, dtype=np.dtype([("a", "i1"), ("b", "<f8")], align=True))
OBJECTS = np.array([{"x", "y"}, None], dtype=object)


DIFFERENT: list[tuple[Any, Any]] = [
    (GRID, GRID.reshape(4, 3)),
    (GRID, GRID.T),
    (GRID, GRID.astype("<f4")),
    (GRID, GRID.astype(">f8")),
    (GRID, GRID + 1),
    (GRID, GRID.tolist()),
    (GRID, GRID.view(np.recarray)),
    (np.zeros(0), np.zeros((0, 2))),
    (np.zeros(3, "<i8"), np.zeros(3, "<M8[ns]")),
    (np.zeros(3, "<M8[s]"), np.zeros(3, "<M8[ns]")),
    (np.array("a"), np.array(b"a")),
    (np.float64(1), 1.0),
    (np.float64(1), np.float32(1)),
    (np.int64(1), 1),
    (np.float64(1), np.array(1.0)),
    (np.str_("a"), "a"),
    (np.dtype("<f8"), np.dtype("<f4")),
    (np.dtype("<f8"), "<f8"),
    (np.dtype(("<f8", 2)), np.dtype(("<f8", 3))),
    (RECORDS, RECORDS.view(np.recarray)),
    (OBJECTS, OBJECTS[::-1]),
    (np.ma.masked_array([1, 2], [0, 1]), np.ma.masked_array([1, 2], [1, 0])),
    (np.ma.masked_array([1, 2], [0, 0]), np.array([1, 2])),
    (np.longdouble(1), np.longdouble(2)),
    (np.sin, np.cos),
    (np.float64, np.float32),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_arrays_and_scalars_that_differ_have_different_digests(one: object, other: object) -> None:
    assert digest(one) != digest(other)


SAME: list[tuple[Any, Any]] = [
    (GRID, np.asfortranarray(GRID)),
    (GRID, np.repeat(GRID, 2, axis=1)[:, ::2]),
    (np.array(["a", "b"]), np.array(["a", "b"])),
    (OBJECTS, np.array([{"y", "x"}, None], dtype=object)),
    (np.float64(1.5), np.array([1.5])[0]),
    (np.dtype([("a", "<i4")]), np.dtype({"names": ["a"], "formats": ["<i4"]})),
    (np.ones(0), np.zeros(0)),
    (np.ones(2, "V0"), np.zeros(2, "V0")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_arrays_have_equal_digests_however_they_lie_in_memory(one: object, other: object) -> None:
    assert digest(one) == digest(other)


def test_a_mapped_array_counts_as_one_in_memory(tmp_path: Path) -> None:
    np.save(tmp_path / "grid.npy", GRID)
    assert digest(np.load(tmp_path / "grid.npy", mmap_mode="r")) == digest(GRID)


def test_what_lies_between_the_fields_of_a_record_does_not_count() -> None:
    noisy = RECORDS.copy()
    noisy.view("u1").reshape(2, -1)[:, 1:8] = 255
    assert digest(noisy) == digest(RECORDS)


def test_what_pads_a_long_double_does_not_count() -> None:
    clean = np.ones(2, np.longdouble)
    noisy = clean.copy()
    noisy.view("u1").reshape(2, -1)[:, np.finfo(np.longdouble).nmant // 8 + 3 :] = 255
    assert digest(noisy) == digest(clean)


GOLDEN: list[tuple[Any, str]] = [
    (np.arange(3, dtype="<f8"), "4c820cde0b2818bb701888e672a15694"),
    (np.arange(6, dtype=">i2").reshape(2, 3), "0db330eaa571b51e2004f7b961393408"),
    (np.array(["a", "bc"], "<U2"), "0747fd6cf05af49261b2269fef5f15b0"),
    (np.array(["2020-01-02"], "<M8[D]"), "e3f90ee0e690b9679fdb688da8e9e58f"),
    (np.array([1, "a"], dtype=object), "1db0098453871dbe0aeefb5e99c1d2f8"),
    (RECORDS, "25ff3feecf758b2f5c037306c81363c4"),
    (np.float32(1.5), "e4bd6d37bf1eef0ac1442f7e112bde6c"),
    (np.bool_(True), "e81f4b3881f7d7ec547865be9a69d847"),
    (np.ma.masked_array(np.arange(2, dtype="<i8"), [0, 1]), "dec7a5bdffde0e94c1e36b9f8848f78e"),
]


@pytest.mark.parametrize(("argument", "expected"), GOLDEN)
def test_the_digest_of_such_an_array_is_what_it_always_was(argument: object, expected: str) -> None:
    named = Task(f, argument)
    named.name = "golden"
    assert named.digest.hex() == expected


def test_tasks_do_not_import_numpy() -> None:
    code = "import sys, jughpc.jug, jughpc.tasks.jugfile, jughpc.tasks.graph; print('numpy' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out == "False\n"
