"""What the beat process does for a task that turned out long, while calls to the file server fail."""

from __future__ import annotations

import pytest

from jughpc.store.base import SHARD
from jughpc.store.lease.heartbeat import LONG, Heart
from jughpc.store.lease.progress import Board

A, B = b"a" * 16, b"b" * 16


@pytest.fixture
def worker(any_cluster):
    return any_cluster.worker("life-a")


@pytest.fixture
def board():
    return Board()


@pytest.fixture
def heart(any_cluster, worker, board):
    """Return a heart whose worker runs A, long since, under a claim on the shard, and has B before it."""
    heart = Heart(lambda: worker.store, any_cluster.clock, lambda pid: (0, 0.0), board)
    heart.begin(worker.record)
    board.begin_batch(worker.take(SHARD), [A, B])
    board.step(0, "module.f", any_cluster.clock.uptime())
    any_cluster.clock.sleep(LONG + 0.1)
    return heart


def test_what_was_claimed_singly_is_kept_though_the_reply_to_the_release_of_the_shard_is_lost(
    any_cluster, worker, heart
):
    worker.orders.lose_reply("remove")
    heart.let_go()
    assert any_cluster.worker("life-b").take(SHARD)
    heart.let_go()
    assert f"{A.hex()}.claim.1" in any_cluster.names()
    singles = heart.settle()
    assert ([claim.key for claim in singles.claims], singles.in_place) == ([A], True)


def test_the_shard_of_another_is_left_to_it_after_a_reply_was_lost(any_cluster, worker, heart):
    worker.orders.lose_reply("remove")
    heart.let_go()
    other = any_cluster.worker("life-b")
    claim = other.take(SHARD)
    heart.let_go()
    assert other.holds(claim)


def test_the_release_of_the_shard_is_tried_again_while_the_task_runs(any_cluster, worker, heart):
    worker.orders.lose_request("remove")
    heart.let_go()
    assert "shard.claim.1" in any_cluster.names()
    heart.let_go()
    assert "shard.claim.1" not in any_cluster.names()


def test_a_shard_that_could_not_be_released_is_left_alone_once_the_batch_has_ended(
    any_cluster, worker, board, heart
):
    """By then the worker may have claimed it once more."""
    worker.orders.lose_request("remove")
    heart.let_go()
    board.end_batch()
    heart.settle()
    heart.let_go()
    assert "shard.claim.1" in any_cluster.names()


def test_a_slow_file_server_keeps_no_beat_waiting(any_cluster, worker, board, heart):
    """Claiming singly what ran before may take long; it goes on after the next beat."""
    board.step(1, "module.f", any_cluster.clock.uptime())
    any_cluster.clock.sleep(LONG + 0.1)
    board.beaten = any_cluster.clock.uptime() - worker.store.pace.beat
    heart.let_go()
    assert [name for name in any_cluster.names() if ".claim." in name] == [f"{A.hex()}.claim.1", "shard.claim.1"]
    heart.beat()
    heart.let_go()
    assert [name for name in any_cluster.names() if ".claim." in name] == [
        f"{A.hex()}.claim.1", f"{B.hex()}.claim.1",
    ]  # fmt: skip
    assert [claim.key for claim in heart.settle().claims] == [A, B]
