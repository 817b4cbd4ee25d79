"""What others hold: waiting, and taking over from the dead."""

from __future__ import annotations

import pytest

from jughpc.fs import OsFiles
from jughpc.store.base import SHARD, View
from jughpc.store.lease.ending import End
from jughpc.store.record import UNKNOWN
from jughpc.worker.loop import FIRST_PAUSE
from jughpc.worker.policy import Policy

ONE = """
@TaskGenerator
def note(i):
    runs.append(i)
    return i

only = note(7)
"""


class Counting(OsFiles):
    """The real files, counted."""

    def __init__(self, files):
        super().__init__(files.root)
        self.listings, self.links = 0, []

    def names(self, folder):
        self.listings += 1
        return super().names(folder)

    def link(self, old, new):
        self.links.append(new)
        super().link(old, new)


def hold(bench, key, shard=0):
    """Return the lease of another worker that claims `key`, and its claim."""
    lease = bench.lease()
    claim, _ = bench.store.claims(lease.record.life).take(shard, key, View())
    return lease, claim


def die(bench, lease):
    """Have a worker die so that its beat process writes it down."""
    bench.clock.heartbeats.remove(lease._beats.heartbeat)
    lease._beats.heartbeat.say_that_it_died(End(UNKNOWN, "killed by SIGKILL"))


def test_what_another_holds_is_waited_for_until_it_is_released(bench):
    worker = bench.worker(ONE)
    lease, claim = hold(bench, worker.graph.digests[0])
    bench.clock.at(100.0, lambda: bench.store.claims(lease.record.life).release(claim))
    worker.run()
    assert (worker.runs, bench.clock.time >= 100.0) == ([7], True)


def test_a_result_of_another_ends_the_wait_without_a_run(bench):
    worker = bench.worker(ONE)
    hold(bench, worker.graph.digests[0])
    bench.clock.at(100.0, lambda: bench.store.put(worker.graph.digests[0], 7))
    worker.run()
    assert (worker.runs, worker.graph.unfinished) == ([], 0)


def test_waiting_asks_less_and_less_often(bench):
    files = Counting(bench.files)
    worker = bench.worker(ONE, store=bench.open(0, files))
    hold(bench, worker.graph.digests[0])
    bench.clock.at(1000.0, lambda: bench.store.put(worker.graph.digests[0], 7))
    files.listings = 0
    worker.run()
    assert files.listings < 150


@pytest.mark.parametrize("key", ["the task", "its shard"])
def test_a_claim_of_the_dead_is_taken_over_as_soon_as_the_record_says_so(bench, key):
    worker = bench.worker(ONE)
    lease, _ = hold(bench, worker.graph.digests[0] if key == "the task" else SHARD)
    bench.clock.at(20.0, lambda: die(bench, lease))
    worker.run()
    assert (worker.runs, bench.clock.time < 60) == ([7], True)


@pytest.mark.parametrize("key", ["the task", "its shard"])
def test_a_claim_of_one_that_stands_still_is_taken_over_after_ttl(bench, key):
    worker = bench.worker(ONE)
    lease, _ = hold(bench, worker.graph.digests[0] if key == "the task" else SHARD)
    bench.clock.heartbeats.remove(lease._beats.heartbeat)
    worker.run()
    ttl = bench.store.pace.ttl
    assert (worker.runs, ttl < bench.clock.time < ttl + 60) == ([7], True)


def test_a_claim_that_beats_is_never_taken_over(bench):
    worker = bench.worker(ONE)
    hold(bench, worker.graph.digests[0])
    bench.clock.at(1000.0, lambda: bench.store.put(worker.graph.digests[0], 7))
    worker.run()
    assert worker.runs == []
    assert bench.claims() == [f"{worker.graph.digests[0].hex()}.claim.1"]


def test_all_tasks_of_a_shard_are_taken_over_from_the_dead(bench, notes, short):
    worker = bench.worker(notes, short())
    lease, _ = hold(bench, SHARD)
    die(bench, lease)
    worker.run()
    assert sorted(worker.runs) == list(range(10))


def test_tasks_of_a_shard_on_which_a_life_ended_are_claimed_singly(bench, notes, short):
    worker = bench.worker(notes.replace("runs.append(i)", "runs.append(claims())"), short())
    worker.space["claims"] = bench.claims
    lease, _ = hold(bench, SHARD)
    die(bench, lease)
    worker.run()
    assert [sum(not name.startswith("shard.") for name in claims) for claims in worker.runs] == [1] * 10


def test_only_claims_of_the_dead_are_left_behind(bench, notes, short):
    worker = bench.worker(notes, short())
    lease, _ = hold(bench, SHARD)
    die(bench, lease)
    worker.run()
    assert bench.claims() == ["shard.claim.1"]


def test_what_is_claimed_singly_is_no_part_of_a_claim_on_its_shard(bench, notes, short):
    worker = bench.worker(notes, short())
    hold(bench, worker.graph.digests[3])
    bench.clock.at(50.0, lambda: bench.store.put(worker.graph.digests[3], 9))
    worker.run()
    assert sorted(worker.runs) == [0, 1, 2, 4, 5, 6, 7, 8, 9]


def test_a_shard_without_short_tasks_is_never_claimed(bench):
    files = Counting(bench.files)
    bench.worker(ONE, store=bench.open(0, files)).run()
    assert [path.rpartition("/")[2][32:] for path in files.links] == [".claim.1"]


def test_of_two_workers_that_begin_together_each_task_is_run_by_one(bench, notes):
    first, second = bench.worker(notes), bench.worker(notes)
    first.run(), second.run()
    assert len(first.runs) + len(second.runs) == 10


def test_a_worker_that_waits_for_a_sum_sees_the_last_term_of_another(bench, notes, short):
    worker = bench.worker(f"{notes}\nfrom jug.utils import identity\nlast = identity(tasks[3])", short())
    hold(bench, worker.graph.digests[3])
    bench.clock.at(10.0, lambda: bench.store.put(worker.graph.digests[3], 9))
    worker.run()
    assert (worker.graph.unfinished, bench.clock.time < 20.0) == (0, True)


@pytest.mark.parametrize(("mean", "is_soon"), [(0.01, True), (1e-6, False)], ids=["worth it", "too short"])
def test_who_waits_for_short_tasks_looks_again_when_they_are_due(bench, notes, mean, is_soon):
    worker = bench.worker(notes, Policy(means={"jugfile.note": mean}, claim_cost=1.0))
    lease, claim = hold(bench, SHARD)
    start = bench.clock.time
    bench.clock.at(start + 0.01, lambda: bench.store.claims(lease.record.life).release(claim))
    worker.run()
    assert (bench.clock.time - start < 0.7 * FIRST_PAUSE) == is_soon  # its jitter included
    assert len(worker.runs) == 10
