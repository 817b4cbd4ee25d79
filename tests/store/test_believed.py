"""Marks are believed after a look at some of what they promise, and at all of it once that is in doubt."""

from __future__ import annotations

import errno

import pytest

from jughpc.store.base import Pace
from jughpc.store.believed import LOOKS, broken, told
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.testing.clocks import HandClock
from jughpc.testing.disk import Disk
from jughpc.testing.simfiles import Client, Orders, SimFiles

SHARDS = 256


class Marked:
    """A store of SHARDS shards, each with two results and the mark of these."""

    def __init__(self):
        self.disk, self.orders = Disk(HandClock().now), Orders()
        files = SimFiles(Client(self.disk), self.orders)
        self.store = FileStore(files, HandClock(), Layout(8), Pace(), lambda record: False)
        self.tasks = {shard: {bytes([shard, n]) + bytes(14) for n in range(2)} for shard in range(SHARDS)}
        for shard, tasks in self.tasks.items():
            for digest in tasks:
                self.store.put(digest, 1)
            self.store.mark_complete(shard, tasks)
        self.marks = dict(self.store.complete())
        self.orders.calls.clear()

    def lose(self, shard, most=2):
        """Remove results of a shard behind the store's back."""
        for digest in sorted(self.tasks[shard])[:most]:
            self.disk.remove(f"shards/{shard:02x}/{digest.hex()}")

    def broken(self, looks=LOOKS):
        return broken(self.store, self.marks, self.tasks.__getitem__, looks)

    def listed(self):
        """Return the shards that were looked at."""
        return [path for call, path in self.orders.calls if call == "names" and path.startswith("shards/")]


@pytest.fixture
def marked():
    return Marked()


def test_where_nothing_is_gone_the_looks_are_as_many_as_were_asked_for(marked):
    assert marked.broken() == {}
    assert len(marked.listed()) == LOOKS
    assert len(marked.orders.calls) == LOOKS + 1  # and the folder of all shards


def test_other_shards_are_looked_at_each_time(marked):
    for _ in range(4):
        marked.broken()
    assert len(set(marked.listed())) > LOOKS


def test_where_one_shard_lacks_something_all_are_looked_at(marked):
    marked.lose(77)
    marked.lose(5, most=1)
    found = marked.broken(looks=SHARDS - 1)
    assert {shard: len(one.gone) for shard, one in found.items()} == {77: 2, 5: 1}
    assert marked.store.complete() == set(marked.marks.items()) - {(77, marked.marks[77]), (5, marked.marks[5])}


def test_a_purge_that_hits_many_shards_is_seen_by_one_look(marked):
    for shard in range(0, SHARDS, 2):
        marked.lose(shard, most=1)
    assert len(marked.broken()) == SHARDS // 2


def test_a_single_result_that_is_gone_is_seen_by_a_look_at_all(marked):
    marked.lose(200, most=1)
    assert set(marked.broken(looks=None)) == {200}


def test_repeated_looks_find_a_single_result_that_is_gone(marked):
    marked.lose(200, most=1)
    assert any(marked.broken() for _ in range(500))  # one in 8 finds it


def test_in_a_store_of_few_shards_each_look_sees_all(marked):
    few = {shard: marked.marks[shard] for shard in range(LOOKS)}
    marked.lose(3, most=1)
    assert set(broken(marked.store, few, marked.tasks.__getitem__)) == {3}


def test_who_may_not_write_sees_a_loss_all_the_same(marked):
    marked.lose(9)
    marked.orders.lose_request("remove", errno.EACCES)
    assert set(marked.broken(looks=None)) == {9}
    assert set(marked.broken(looks=None)) == {9}


@pytest.mark.parametrize(
    ("results", "shards", "words"),
    [(1, 1, "1 result is gone, in 1 shard that had"), (7, 2, "7 results are gone, in 2 shards that had"), (0, 0, "")],
)
def test_what_is_gone_is_told_with_the_next_step(results, shards, words):
    said = told(results, shards)
    assert said.startswith(words)
    assert ("`jughpc submit`" in said) == bool(results)
