"""Signals, deadlines, and a worker that was late."""

from __future__ import annotations

import errno
import signal

import pytest

from jughpc.fs import OsFiles
from jughpc.store.base import SHARD, Pace, View
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.worker.policy import Policy
from jughpc.worker.stops import Interrupted, Stops

THOUSANDS = """
@TaskGenerator
def note(i):
    runs.append(i)
    clock.sleep(1000)

tasks = [note(i) for i in range(3)]
"""

MINUTES = """
@TaskGenerator
def note(i):
    runs.append(i)
    clock.sleep(60)

tasks = [note(i) for i in range(3)]
"""

QUICK = """
@TaskGenerator
def note(i):
    runs.append(i)
    if i == 5:
        pause()

tasks = [note(i) for i in range(10)]
"""


def test_sigterm_breaks_off_a_task_and_leaves_no_claim(bench):
    worker = bench.worker(MINUTES)
    bench.clock.at(90.0, lambda: worker.stops.heed(signal.SIGTERM))
    worker.run()
    assert (worker.runs, worker.executed, bench.claims()) == ([0, 1], 1, [])


def test_sigusr1_lets_a_task_end_and_begins_no_other(bench):
    worker = bench.worker(MINUTES)
    bench.clock.at(90.0, lambda: worker.stops.heed(signal.SIGUSR1))
    worker.run()
    assert (worker.runs, worker.executed, bench.claims()) == ([0, 1], 2, [])


@pytest.mark.parametrize(("number", "run"), [(signal.SIGTERM, 5), (signal.SIGUSR1, 6)])
def test_a_stop_within_a_batch_loses_no_finished_result(bench, short, number, run):
    worker = bench.worker(QUICK, short())
    worker.space["pause"] = lambda: worker.stops.heed(number)
    worker.run()
    assert len(bench.store.look(0).done) == worker.executed == len(worker.runs) - (number == signal.SIGTERM)
    assert (len(worker.runs) < 10, bench.claims()) == (True, [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_stop_ends_a_wait_at_once(bench, number):
    worker = bench.worker("@TaskGenerator\ndef note(i):\n    runs.append(i)\n\nonly = note(1)")
    bench.store.claims(bench.lease().record.life).take(0, worker.graph.digests[0], View())
    bench.clock.at(500.0, lambda: worker.stops.heed(number))
    worker.run()
    assert (worker.runs, bench.clock.time < 501 + 15) == ([], True)


class Full(OsFiles):
    """The real files, on a disk that is full until it is told otherwise."""

    full = True

    def save(self, path, parts):
        if path.endswith(".tmp") and self.full:
            raise OSError(errno.ENOSPC, "no space left", path)
        super().save(path, parts)


@pytest.mark.parametrize(("full", "done"), [(False, 1), (True, 0)])
def test_a_stop_while_the_disk_is_full_tries_once_more_and_leaves_no_claim(bench, full, done):
    files = Full(bench.files.root)
    worker = bench.worker(MINUTES, store=bench.open(0, files))

    def stop():
        files.full = full
        worker.stops.heed(signal.SIGTERM)

    bench.clock.at(300.0, stop)
    worker.run()
    assert (len(bench.store.look(0).done), worker.runs, bench.claims()) == (done, [0], [])


def test_a_signal_that_came_before_breaks_off_what_may_be_broken_off():
    stops = Stops()
    stops.heed(signal.SIGTERM)
    with pytest.raises(Interrupted), stops.breakable():
        pytest.fail("it was begun all the same")


def test_what_may_not_be_broken_off_is_not():
    stops = Stops()
    stops.heed(signal.SIGTERM)
    assert stops.signal == signal.SIGTERM


# a file that asks to stop

SECONDS = """
@TaskGenerator
def note(i):
    runs.append(i)
    clock.sleep(0.4)

tasks = [note(i) for i in range(99)]
"""


@pytest.mark.parametrize("cost", [0.001, 10.0])  # of a claim [s]: singly, and in batches
def test_a_file_ends_a_worker_within_two_seconds_and_loses_no_result(bench, tmp_path, cost):
    file = tmp_path / "stop"
    worker = bench.worker(SECONDS, Policy(claim_cost=cost, means={"jugfile.note": 0.4}), stop_file=file)
    bench.clock.at(8.0, file.touch)
    worker.run()
    assert bench.clock.time < 10.0
    assert len(bench.store.look(0).done) == len(worker.runs) > 10
    assert (worker.stops.why(), bench.claims()) == (f"the file {file} is there", [])


# deadlines


def deadline(bench, seconds):
    """Return when a worker must end that may run for `seconds` from now."""
    return bench.clock.wall() + seconds


def test_nothing_is_begun_that_would_not_end_before_the_deadline(bench):
    worker = bench.worker(THOUSANDS, deadline=deadline(bench, 2500)).run()
    assert (worker.runs, worker.graph.unfinished) == ([0, 1], 1)


def test_a_worker_whose_tasks_no_longer_fit_ends_at_once(bench):
    worker = bench.worker(THOUSANDS, deadline=deadline(bench, 2500)).run()
    assert bench.clock.time < 2100
    assert bench.claims() == []
    assert not worker.stops.signal


def test_a_worker_whose_tasks_no_longer_fit_says_so(bench):
    worker = bench.worker(THOUSANDS, deadline=deadline(bench, 2500)).run()
    assert worker.said == ["this worker has 470 s left, and jugfile.note takes 1000 s; 1 tasks are left for others"]


def test_a_worker_that_was_stopped_says_by_what(bench):
    worker = bench.worker(MINUTES)
    bench.clock.at(90.0, lambda: worker.stops.heed(signal.SIGUSR1))
    worker.run()
    assert worker.said == [f"this worker was asked to stop: signal {signal.SIGUSR1:d}; 1 tasks are left for others"]


def test_a_batch_ends_before_the_deadline(bench):
    text = THOUSANDS.replace("1000", "0.3").replace("range(3)", "range(99)")
    policy = Policy(claim_cost=10.0, means={"jugfile.note": 0.3})
    worker = bench.worker(text, policy, deadline=deadline(bench, 35.0)).run()
    assert bench.clock.time < 6.0
    assert len(bench.store.look(0).done) == len(worker.runs) > 10


# late


def test_a_worker_that_was_suspended_goes_on_under_a_new_name(bench):
    worker = bench.worker(PAUSED)
    worker.space["pause"] = lambda: setattr(bench.clock, "time", bench.clock.time + 1000)
    worker.run()
    assert (worker.runs, worker.graph.unfinished, bench.claims()) == ([0, 1, 2], 0, [])
    assert worker.lease.record.life.endswith("-again")


def test_a_result_that_another_may_be_computing_by_now_is_dropped(bench):
    worker = bench.worker(PAUSED, Policy(means={"jugfile.note": 3600.0}))
    digest = worker.graph.digests[1]

    def pause():
        bench.clock.time += 1000
        other = bench.lease()
        die_and_take_over(bench, worker, other, 0, digest)
        bench.clock.at(bench.clock.time + 30, lambda: bench.store.put(digest, "the other's"))

    worker.space["pause"] = pause
    worker.run()
    assert (worker.runs, worker.graph.unfinished) == ([0, 1, 2], 0)
    assert bench.store.get(digest) == "the other's"


def test_results_of_a_batch_are_dropped_if_the_shard_was_taken_over(bench, short):
    worker = bench.worker(PAUSED, short())

    def pause():
        bench.clock.time += 1000
        other = bench.lease()
        claim = die_and_take_over(bench, worker, other, 0, SHARD)
        for digest in worker.graph.digests:
            bench.clock.at(bench.clock.time + 30, lambda digest=digest: bench.store.put(digest, "the other's"))
        bench.clock.at(bench.clock.time + 31, lambda: bench.store.claims(other.record.life).release(claim))

    worker.space["pause"] = pause
    worker.run()
    assert {bench.store.get(digest) for digest in worker.graph.digests} == {"the other's"}
    assert worker.executed == 0


def test_results_of_a_batch_are_published_if_the_shard_is_still_free(bench, short):
    worker = bench.worker(PAUSED, short())
    worker.space["pause"] = lambda: setattr(bench.clock, "time", bench.clock.time + 1000)
    worker.run()
    assert (sorted(worker.runs), bench.claims()) == ([0, 1, 2], [])


def test_what_another_claimed_while_a_worker_was_late_is_left_out_of_its_next_batch(bench):
    worker = bench.worker(PAUSED, Policy(claim_cost=1e6, means={"jugfile.note": 0.0}))
    last = worker.graph.digests[2]

    def pause():
        bench.clock.time += 1000
        bench.gone.add(worker.lease.record.life)
        claims = bench.store.claims(bench.lease().record.life)
        claim, _ = claims.take(0, last, bench.store.look(0))
        bench.gone.clear()
        bench.clock.at(bench.clock.time + 30, lambda: bench.store.put(last, "the other's"))
        bench.clock.at(bench.clock.time + 31, lambda: claims.release(claim))

    worker.space["pause"] = pause
    worker.run()
    assert (worker.runs, bench.store.get(last)) == ([0, 1], "the other's")


def test_who_lost_its_claims_to_a_forced_cleanup_leaves_those_of_others_alone(bench, short):
    worker, found = bench.worker(PAUSED, short()), []

    def pause():
        bench.store.remove_claim(0, SHARD, 1)
        other = bench.lease().record.life
        claim, _ = bench.store.claims(other).take(0, SHARD, bench.store.look(0))
        found.append((other, claim))

    worker.space["pause"] = pause
    worker.run()
    ((other, claim),) = found
    assert bench.holder(claim) == other


def die_and_take_over(bench, worker, other, shard, key):
    """Have `other` take over what `worker` held, as from one who stood still."""
    bench.gone.add(worker.lease.record.life)
    claim, _ = bench.store.claims(other.record.life).take(shard, key, bench.store.look(shard))
    assert claim is not None
    assert claim.generation == 2
    bench.gone.clear()
    return claim


PAUSED = """
@TaskGenerator
def note(i):
    runs.append(i)
    if i == 1:
        pause()
    return i

tasks = [note(i) for i in range(3)]
"""


class BusyServer(FileStore):
    """Has something happen between a result's publication and its claim's release, once."""

    meanwhile = staticmethod(lambda: None)

    def publish(self, shard, results, life):
        super().publish(shard, results, life)
        action, self.meanwhile = self.meanwhile, lambda: None
        action()


@pytest.mark.parametrize("doubt", ["late", "told to stop"])
def test_a_claim_in_doubt_is_looked_at_before_it_is_released_though_its_task_is_done(bench, doubt):
    """Others may have taken it for that of the dead, removed it and the result, and begun the task anew."""
    store = BusyServer(bench.files, bench.clock, Layout(0), Pace(), lambda record: False)
    worker, found = bench.worker(MINUTES, store=store), []
    first = worker.graph.digests[0]

    def meanwhile():
        if doubt == "late":
            bench.clock.time += 1000
        else:
            worker.stops.heed(signal.SIGUSR1)
        bench.store.remove_claim(0, first, 1)
        bench.store.remove([first])
        other = bench.lease().record.life
        claim, _ = bench.store.claims(other).take(0, first, bench.store.look(0))
        found.append((other, claim))

    store.meanwhile = meanwhile
    worker.run()
    ((other, claim),) = found
    assert bench.holder(claim) == other
