"""Where memory runs out the heaviest worker makes room, one at a time, and the last goes on."""

from __future__ import annotations

import pytest

from jughpc.cgroup import Memory
from jughpc.worker.scarcity import FULL, Scarcity

LIMIT = 1 << 30
SIZES = {11: 100 << 20, 12: 700 << 20, 13: 150 << 20}
WORKERS = {1: 11, 2: 12, 3: 13}


@pytest.fixture
def said():
    return []


@pytest.fixture
def scarce(said):
    """Return what makes a watch over memory of which so much is used."""
    return lambda used: Scarcity(lambda: Memory(LIMIT, int(used * LIMIT)), SIZES.__getitem__, said.append)


def test_the_heaviest_is_asked_and_named(scarce, said):
    assert scarce(FULL + 0.001).who_makes_room(WORKERS, 0.0) == 2
    assert "worker 2, which has 700M" in said[0]


def test_nobody_is_asked_while_there_is_room(scarce, said):
    assert scarce(FULL - 0.01).who_makes_room(WORKERS, 0.0) is None
    assert said == []


def test_the_last_one_is_never_asked(scarce):
    assert scarce(1.0).who_makes_room({2: 12}, 0.0) is None


def test_who_was_asked_has_time_to_end_before_the_next_is(scarce):
    watch = scarce(1.0)
    assert [watch.who_makes_room(WORKERS, now) for now in (0.0, 1.0, 19.0, 20.0)] == [2, None, None, 2]


def test_where_there_is_no_limit_nobody_is_asked(said):
    assert Scarcity(lambda: None, SIZES.__getitem__, said.append).who_makes_room(WORKERS, 0.0) is None
