"""What the beat process does for a task that turned out long, while calls to the file server fail."""

from __future__ import annotations

import pytest

from jughpc.store.base import SHARD
from jughpc.store.lease import witness
from jughpc.store.lease.heartbeat import LONG, Heartbeat
from jughpc.store.lease.progress import Board

A, B = b"a" * 16, b"b" * 16


@pytest.fixture
def worker(any_cluster):
    return any_cluster.worker("life-a")


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def heartbeat(any_cluster, worker, board):
    """Return a heartbeat whose worker runs A, long since, under a claim on the shard, and has B before it."""
    heartbeat = Heartbeat(lambda: worker.store, any_cluster.clock, lambda pid: (0, 0.0), board)
    heartbeat.begin(worker.record)
    board.begin_batch(worker.take(SHARD), [A, B])
    board.step(0, "module.f", any_cluster.clock.uptime())
    any_cluster.clock.sleep(LONG + 0.1)
    return heartbeat


def test_what_was_claimed_singly_is_kept_though_the_reply_to_the_release_of_the_shard_is_lost(
    any_cluster, worker, heartbeat
):
    worker.orders.lose_reply("remove")
    heartbeat.deescalate()
    assert any_cluster.worker("life-b").take(SHARD)
    heartbeat.deescalate()
    assert f"{A.hex()}.claim.1" in any_cluster.names()
    singles = heartbeat.settle()
    assert ([claim.key for claim in singles.claims], singles.in_place) == ([A], True)


def test_the_shard_of_another_is_left_to_it_after_a_reply_was_lost(any_cluster, worker, heartbeat):
    worker.orders.lose_reply("remove")
    heartbeat.deescalate()
    other = any_cluster.worker("life-b")
    claim = other.take(SHARD)
    heartbeat.deescalate()
    assert other.holds(claim)


def test_the_release_of_the_shard_is_tried_again_while_the_task_runs(any_cluster, worker, heartbeat):
    worker.orders.lose_request("remove")
    heartbeat.deescalate()
    assert "shard.claim.1" in any_cluster.names()
    heartbeat.deescalate()
    assert "shard.claim.1" not in any_cluster.names()


def test_a_shard_that_could_not_be_released_is_left_alone_once_the_batch_has_ended(
    any_cluster, worker, board, heartbeat
):
    """By then the worker may have claimed it once more."""
    worker.orders.lose_request("remove")
    heartbeat.deescalate()
    board.end_batch()
    heartbeat.settle()
    heartbeat.deescalate()
    assert "shard.claim.1" in any_cluster.names()


def test_a_slow_file_server_keeps_no_beat_waiting(any_cluster, worker, board, heartbeat):
    """Claiming singly what ran before may take long; it goes on after the next beat."""
    board.step(1, "module.f", any_cluster.clock.uptime())
    any_cluster.clock.sleep(LONG + 0.1)
    board.beaten = any_cluster.clock.uptime() - worker.store.pace.beat
    heartbeat.deescalate()
    assert [name for name in any_cluster.names() if ".claim." in name] == [f"{A.hex()}.claim.1", "shard.claim.1"]
    heartbeat.beat()
    heartbeat.deescalate()
    assert [name for name in any_cluster.names() if ".claim." in name] == [
        f"{A.hex()}.claim.1", f"{B.hex()}.claim.1",
    ]  # fmt: skip
    assert [claim.key for claim in heartbeat.settle().claims] == [A, B]


def test_one_attempt_is_made_while_somebody_else_waits_for_a_beat(any_cluster, worker, board, heartbeat):
    board.step(1, "module.f", any_cluster.clock.uptime())
    any_cluster.clock.sleep(LONG + 0.1)
    heartbeat.deescalate(is_due=lambda: True)
    assert [name for name in any_cluster.names() if ".claim." in name] == [f"{A.hex()}.claim.1", "shard.claim.1"]
    heartbeat.deescalate()
    assert [claim.key for claim in heartbeat.settle().claims] == [A, B]


class Waiting:
    """A worker that is beaten for, to whom it falls due while another's shard is let go."""

    def __init__(self, others=(), due=False):
        self.others, self.due, self.turns = others, due, 0

    def is_due(self):
        return self.due

    def deescalate(self, charges):
        self.turns += 1
        for other in self.others:
            other.due = True


def test_who_falls_due_is_beaten_for_before_the_next_ones_shard_goes_and_nobody_is_passed_over():
    last = Waiting()
    first, second = Waiting([last]), Waiting()
    order = witness._deescalated([first, second, last])
    assert (first.turns, second.turns, last.turns) == (1, 0, 0)
    last.due = False
    witness._deescalated(order)
    assert (second.turns, last.turns) == (1, 1)
