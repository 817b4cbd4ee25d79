"""Lines of several workers are marked, whole, and lose nothing."""

from __future__ import annotations

import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jughpc.worker.lines import Lines
from jughpc.worker.marks import TOLD


@pytest.fixture(scope="module")
def through():
    """Return what passes parts on and tells what came out."""

    def run(parts):
        source, end = os.pipe()
        out = os.memfd_create("out")  # a pipe would be full
        os.set_blocking(source, False)
        lines = Lines(source, out, "[7] ")
        for part in parts:
            os.write(end, part)
            assert lines.pass_on()
        os.close(end)
        assert not lines.pass_on()
        lines.close()
        with os.fdopen(out, "rb") as told:
            told.seek(0)
            return told.read()

    return run


@given(st.lists(st.binary(min_size=1, max_size=40).map(lambda data: data.replace(b"a", b"\n")), max_size=20))
def test_each_line_is_marked_once_however_it_came(through, parts):
    whole = b"".join(parts)
    assume(not TOLD.search(whole))  # which workers alone say, and which is passed on to nobody
    lines = whole.split(b"\n")
    wanted = lines[:-1] if whole.endswith(b"\n") or not whole else lines
    assert through(parts) == b"".join(b"[7] " + line + b"\n" for line in wanted)


@pytest.mark.parametrize("unit", ["aé", "€", "𝄞b"])
@pytest.mark.parametrize("shift", range(3))
def test_a_line_too_long_for_one_is_broken_between_marks_and_loses_nothing(through, unit, shift):
    whole = ("-" * shift + unit * (3 * 2**19 // len(unit.encode()))).encode()
    out = through(whole[start : start + 65519] for start in range(0, len(whole), 65519))
    lines = out.decode().removesuffix("\n").split("\n")  # each by itself is UTF-8, so the whole is
    assert len(lines) > 1
    assert "".join(line.removeprefix("[7] ") for line in lines).encode() == whole


def test_what_a_worker_tells_where_a_line_is_broken_is_not_put_out(through):
    parts = [b"x" * 65536] * 16 + [b"\x1ejughpc f(1)", b" began\x1ey\n"]
    assert b"\x1e" not in through(parts)


def test_a_line_that_nobody_reads_any_more_stops_nobody():
    source, end = os.pipe()
    target, out = os.pipe()
    os.close(target)
    os.write(end, b"a\n")
    lines = Lines(source, out, "")
    assert lines.pass_on()
    for handle in (source, end, out):
        os.close(handle)


def test_what_a_task_left_behind_and_writes_without_end_keeps_nobody():
    source, out = os.open("/dev/zero", os.O_RDONLY), os.open(os.devnull, os.O_WRONLY)
    Lines(source, out, "").drain()
    for handle in (source, out):
        os.close(handle)
