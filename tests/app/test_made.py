"""What became of an executor's calls is known at once, and what is over is not kept."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import Future

import pytest

from jughpc.app.calls.made import Counts, Made


@pytest.fixture
def made():
    return Made()


@pytest.fixture
def future(made):
    one = Future()
    made.add([one])
    return one


def test_a_call_is_open_until_it_is_over(made, future):
    assert (made.open, made.counts) == ({future}, Counts(1, 0, 0))
    future.set_result(1)
    assert (made.open, made.counts) == (set(), Counts(1, 1, 0))


def test_those_that_raised_and_those_that_were_dropped_are_told_apart(made, future):
    future.set_exception(ValueError())
    dropped = Future()
    made.add([dropped])
    dropped.cancel()
    assert (made.open, made.counts) == (set(), Counts(2, 0, 1))


def test_what_is_seen_as_done_is_counted_as_done_before_it_is_taken_off(made, future):
    seen = []
    another = Future()
    another.add_done_callback(lambda one: seen.append((made.counts, made.open)))
    made.add([another])
    another.set_result(1)
    assert seen == [(Counts(2, 1, 0), {future})]


def test_a_call_that_is_over_is_not_kept(made):
    one = Future()
    made.add([one])
    one.set_result(1)
    it, one = weakref.ref(one), None
    gc.collect()
    assert it() is None
    assert made.counts.calls == 1
