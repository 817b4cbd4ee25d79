"""A worker that is stopped by a signal is told of, with what can be done about it."""

from __future__ import annotations

import pytest

from jughpc.worker.standstill import Standstill

pytestmark = pytest.mark.unit


@pytest.fixture
def look():
    """Return what has a look find these processes stopped, and returns of whom that is said."""
    stopped, said, times = set(), [], iter(range(0, 1000, 11))
    standstill = Standstill(stopped.__contains__, said.append)

    def make(*pids):
        stopped.clear()
        stopped.update(pids)
        said.clear()
        standstill.look({1: 101, 2: 102}, next(times))
        return [words.partition(" is stopped")[0] for words in said]

    return make


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ([(), (), ()], [[], [], []]),
        ([(101,), (), (101,)], [[], [], []]),
        ([(101,), (101,), (101,)], [[], ["worker 1"], []]),
        ([(101,), (101, 102), (101, 102)], [[], ["worker 1"], ["worker 2"]]),
        ([(102,), (102,), (), (102,), (102,)], [[], ["worker 2"], [], [], ["worker 2"]]),
    ],
)
def test_who_is_stopped_at_two_looks_is_told_of_once_for_each_time(look, looks, said):
    assert [look(*pids) for pids in looks] == said


def test_it_is_told_how_to_go_on():
    said = []
    standstill = Standstill(lambda pid: True, said.append)
    for now in (0, 5, 11):
        standstill.look({3: 103}, now)
    (words,) = said
    assert "kill -CONT 103" in words
    assert "kill -KILL 103" in words
