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
        target, out = os.pipe()
        os.set_blocking(source, False)
        lines = Lines(source, out, "[7] ")
        for part in parts:
            os.write(end, part)
            assert lines.pass_on()
        os.close(end)
        assert not lines.pass_on()
        lines.close()
        os.close(out)
        with os.fdopen(target, "rb") as told:
            return told.read()

    return run


@given(st.lists(st.binary(min_size=1, max_size=40).map(lambda data: data.replace(b"a", b"\n")), max_size=20))
def test_each_line_is_marked_once_however_it_came(through, parts):
    whole = b"".join(parts)
    assume(not TOLD.search(whole))  # which workers alone say, and which is passed on to nobody
    lines = whole.split(b"\n")
    wanted = lines[:-1] if whole.endswith(b"\n") or not whole else lines
    assert through(parts) == b"".join(b"[7] " + line + b"\n" for line in wanted)


@pytest.mark.parametrize("mark", ["é", "€", "𝄞"])
def test_a_line_that_is_too_long_is_broken_between_two_characters(tmp_path, mark):
    whole = "a" + mark * (1_300_000 // len(mark.encode()))
    (tmp_path / "in").write_text(whole, encoding="utf-8")
    source, target = os.open(tmp_path / "in", os.O_RDONLY), os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    lines = Lines(source, target, "[7] ")
    while lines.pass_on():
        pass
    lines.close()
    os.close(target)
    parts = (tmp_path / "out").read_text(encoding="utf-8").splitlines()  # raises where one was broken in the midst
    assert len(parts) > 1
    assert "".join(part.removeprefix("[7] ") for part in parts) == whole


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
