"""A task that turns out long under a claim on its shard: others run the rest."""

from __future__ import annotations

from jughpc.store.base import SHARD, Claim
from jughpc.worker.policy import Policy

TEXT = """
@TaskGenerator
def note(i):
    runs.append(i)
    if i == 5:
        pause()
    return i

tasks = [note(i) for i in range(10)]
"""


def paused(bench, short, seconds, then=lambda: None):
    """Return a worker whose task 5 takes so long, and does `then` at its end."""
    worker = bench.worker(TEXT, short())

    def pause():
        bench.clock.sleep(seconds)
        then()

    worker.space["pause"] = pause
    return worker


def keys(bench):
    """Return what is claimed: shard, or 32 hexadecimal digits."""
    return sorted(name.split(".")[0] for name in bench.claims())


def test_a_shard_is_let_go_once_a_task_is_long_and_what_was_run_is_claimed_singly(bench, short):
    found = []
    worker = paused(bench, short, 60, lambda: found.extend(keys(bench)))
    worker.run()
    digest_of = {task.args[0]: task.digest.hex() for task in worker.graph.tasks}
    run_by_then = worker.runs[: worker.runs.index(5) + 1]
    assert found == sorted(digest_of[i] for i in run_by_then)


def test_a_shard_is_kept_while_its_tasks_are_short(bench, short):
    found = []
    paused(bench, short, 0.9, lambda: found.extend(keys(bench))).run()
    assert found == ["shard"]


def test_nothing_runs_twice_and_no_claim_is_left_after_a_shard_was_let_go(bench, short):
    worker = paused(bench, short, 60).run()
    assert sorted(worker.runs) == list(range(10))
    assert bench.claims() == []
    assert len(bench.store.look(0).done) == 10


def joining(bench, digests, found):
    """Return what another does that comes now: it does, and appends to `found`, all that it can claim."""

    def join():
        lives = bench.lease()
        taker = bench.store.claims(lives.record.life)
        for i in range(10):
            claim, _ = taker.take(0, digests[i], bench.store.look(0))
            if claim:
                found.append(i)
                bench.store.put(digests[i], "the other's")
                taker.release(claim)

    return join


def test_another_runs_the_rest_while_the_long_task_runs(bench, short):
    first, others = paused(bench, short, 60), []
    bench.clock.at(20.0, joining(bench, {task.args[0]: task.digest for task in first.graph.tasks}, others))
    first.run()
    assert others
    assert 5 not in others
    assert sorted(others + first.runs) == list(range(10))
    assert bench.claims() == []


def test_who_is_held_up_between_two_short_tasks_runs_and_publishes_none_that_others_may_have_run(bench, short):
    first, others = bench.worker(TEXT, short()), []
    first.space["pause"] = lambda: bench.clock.hold_up(20.0)  # starved, as where there are more workers than cores
    bench.clock.at(10.0, joining(bench, {task.args[0]: task.digest for task in first.graph.tasks}, others))
    first.run()
    assert others
    assert sorted(others + first.runs) == list(range(10))
    assert (first.executed, bench.claims()) == (10 - len(others), [])


def test_who_learns_too_late_that_the_shard_was_let_go_publishes_and_counts_what_it_claims_singly(bench, short):
    first, others = bench.worker(TEXT, short()), []
    first.space["pause"] = lambda: bench.clock.hold_up(20.0)
    board = first.lease._beats.board
    seen = board.step
    board.step = lambda *told: seen(*told) and False
    bench.clock.at(10.0, joining(bench, {task.args[0]: task.digest for task in first.graph.tasks}, others))
    first.run()
    assert set(first.runs) & set(others)
    assert first.executed == 10 - len(others)
    assert all(bench.store.get(task.digest) == "the other's" for task in first.graph.tasks if task.args[0] in others)


def test_a_shard_is_kept_while_somebodys_attempt_stands_in_the_way(bench, short):
    found = []
    worker = bench.worker(TEXT, short())
    digest = next(task.digest for task in worker.graph.tasks if task.args[0] == 5)
    path = bench.store.claim_path(0, digest, 1)

    def pause():
        bench.files.link(bench.store.record_path(bench.lease().record.life), path)
        bench.clock.sleep(20)
        found.append("shard" in keys(bench))
        bench.files.remove(path)
        bench.clock.sleep(20)
        found.append("shard" in keys(bench))

    worker.space["pause"] = pause
    worker.run()
    assert (found, bench.claims(), sorted(worker.runs)) == ([True, False], [], list(range(10)))


def test_a_late_worker_lets_nothing_go(bench, short):
    found = []
    worker = bench.worker(TEXT, short())

    def pause():
        bench.clock.time += 1000
        worker.lease._beats.heartbeat.deescalate()
        found.extend(keys(bench))

    worker.space["pause"] = pause
    worker.run()
    assert found == ["shard"]


def test_what_a_board_has_in_hand_names_the_tasks_run_so_far(bench):
    board = bench.lease()._beats.board
    board.begin_batch(Claim(3, SHARD, 2, "life"), [b"a" * 16, b"b" * 16, b"c" * 16])
    board.step(1, "f", 7.0)
    hand = board.in_hand()
    assert (hand.shard, hand.generation, hand.digests, hand.since) == (3, 2, (b"a" * 16, b"b" * 16), 7.0)


def test_a_board_has_nothing_in_hand_after_a_batch(bench):
    board = bench.lease()._beats.board
    board.begin_batch(Claim(3, SHARD, 2, "life"), [b"a" * 16])
    board.step(0, "f", 7.0)
    board.end_batch()
    assert board.in_hand() is None


def test_the_record_tells_which_task_of_a_batch_runs(bench):
    lives = bench.lease()
    lives.begin_batch(Claim(0, SHARD, 1, lives.record.life), [b"a" * 16, b"b" * 16])
    lives.step(1, "mod.f", 0.0)
    record = lives._beats.board.onto(lives.record, bench.clock)
    assert (record.task, record.digest) == ("mod.f", (b"b" * 16).hex())


def test_a_function_with_one_long_call_is_claimed_singly_for_a_while(bench):
    policy = Policy(means={"f": 1e-6})
    policy.ran("f", 60.0)
    assert not policy.is_short("f", shards=10)
