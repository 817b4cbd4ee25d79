"""Tasks that kill workers: what is counted, what runs last and alone, and when one is given up."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest

from jughpc.store.base import SHARD, View
from jughpc.store.death import Death
from jughpc.store.lease.ending import End
from jughpc.store.record import ALIVE, CRASH, MEMORY, TIME, TOLD, UNKNOWN

ONE = """
@TaskGenerator
def note(i):
    runs.append(i)
    return i

only = note(7)
"""

STOPPED = """
@TaskGenerator
def note(i):
    clock.sleep(100)
    stops.heed(15)

only = note(7)
"""


def hold(bench, digest, batch=()):
    """Return the lease of a worker that runs this task: under a claim on it, or on its shard with the `batch`."""
    lease = bench.lease()
    claim, _ = bench.store.claims(lease.record.life).take(0, SHARD if batch else digest, bench.store.look(0))
    assert claim is not None
    if batch:
        lease.begin_batch(claim, batch)
        lease.step(batch.index(digest), "jugfile.note", bench.clock.uptime())
    else:
        lease.note("jugfile.note", digest, bench.clock.uptime())
    return lease


def die(bench, lease, how=CRASH):
    """Have a worker die so that its beat process writes it down."""
    bench.clock.heartbeats.remove(lease._beats.heartbeat)
    lease._beats.heartbeat.say_that_it_died(End(how, f"killed by {how}"))


def kill(bench, digest, times=1, how=CRASH):
    """Have so many workers die while they run a task."""
    for _ in range(times):
        die(bench, hold(bench, digest), how)


def free(bench):
    """Remove all claims, as a user or a collector may."""
    for key, generations in bench.store.look(0).claims.items():
        for generation in generations:
            bench.store.remove_claim(0, key, generation)


def found(bench, digest):
    """Return how the workers died that a task is blamed for."""
    return [death.how for death in bench.store.deaths(digest)]


# what is counted


def test_whoever_takes_over_writes_down_who_died_of_what_where(bench):
    worker = bench.worker(ONE)
    kill(bench, worker.graph.digests[0])
    worker.run()
    (death,) = bench.store.deaths(worker.graph.digests[0])
    assert (death.how, death.words, death.life, death.host) == (CRASH, "killed by crash", "life-2", "life-2")
    assert death.owner == "local:life-2"


def test_a_death_outlives_the_claim_that_told_of_it(bench):
    worker = bench.worker(ONE)
    kill(bench, worker.graph.digests[0], 3)
    bench.worker(ONE, max_crashes=9).run()
    free(bench)
    assert found(bench, worker.graph.digests[0]) == [CRASH] * 3


def test_a_task_of_a_batch_is_blamed_alone(bench, notes, short):
    worker = bench.worker(notes, short())
    digests = worker.graph.digests
    die(bench, hold(bench, digests[4], batch=digests[:6]))
    worker.run()
    assert [digest for digest in digests if found(bench, digest)] == [digests[4]]


@pytest.mark.parametrize(("how", "counted"), [(CRASH, 1), (MEMORY, 1), (UNKNOWN, 1), (TIME, 1), (TOLD, 0)])
def test_what_ends_a_job_is_no_death_of_its_task(bench, how, counted):
    worker = bench.worker(ONE)
    kill(bench, worker.graph.digests[0], how=how)
    worker.run()
    assert (found(bench, worker.graph.digests[0]), worker.runs) == ([how] * counted, [7])


def test_a_time_limit_after_other_tasks_is_no_death_of_the_last(bench):
    worker = bench.worker(ONE)
    lease = hold(bench, worker.graph.digests[0])
    lease.count(1, 0)
    die(bench, lease, TIME)
    assert (worker.run().runs, found(bench, worker.graph.digests[0])) == ([7], [])


def test_who_stands_still_died_of_nobody_knows_what(bench):
    worker = bench.worker(ONE)
    lease = hold(bench, worker.graph.digests[0])
    bench.clock.heartbeats.remove(lease._beats.heartbeat)
    worker.run()
    assert (found(bench, worker.graph.digests[0]), worker.runs) == ([UNKNOWN], [7])


def test_who_stands_still_with_a_shard_blames_no_task(bench, notes, short):
    worker = bench.worker(notes, short())
    lease = hold(bench, worker.graph.digests[4], batch=worker.graph.digests[:6])
    bench.clock.heartbeats.remove(lease._beats.heartbeat)
    worker.run()
    assert (sum(bench.store.look(0).deaths.values(), set()), sorted(worker.runs)) == (set(), list(range(10)))


def test_who_ended_in_order_but_could_not_let_go_died_of_nothing(bench):
    worker = bench.worker(ONE)
    lease = hold(bench, worker.graph.digests[0])
    bench.store.end(lease.record)
    assert (worker.run().runs, found(bench, worker.graph.digests[0])) == ([7], [])


def test_a_worker_that_was_only_suspended_takes_back_that_it_died(bench):
    text = f"{ONE}\nfrom jughpc.store.base import View\n".replace("runs.append(i)", "runs.append(i); suspend()")
    worker = bench.worker(text)

    def suspend():
        bench.store.bury(Death(worker.graph.digests[0], worker.lease.record.life))  # by another who takes over later
        bench.clock.time += 1000.0

    worker.space["suspend"] = suspend
    worker.run()
    assert found(bench, worker.graph.digests[0]) == []


# the time limit


@pytest.mark.parametrize(
    ("left", "means", "blamed"),
    [(110.0, {}, [TIME]), (110.0, {"jugfile.other": 1.0}, []), (1000.0, {}, [])],
    ids=["the first task", "after others", "long before"],
)
def test_a_task_that_had_all_of_its_elements_time_is_blamed_for_the_limit(bench, short, left, means, blamed):
    policy = short()
    policy.means = means
    worker = bench.worker(STOPPED, policy, deadline=bench.clock.wall() + left)
    worker.space["stops"] = worker.stops
    worker.run()
    assert found(bench, worker.graph.digests[0]) == blamed


def test_what_beats_learns_when_the_element_ends(bench):
    worker = bench.worker(ONE, deadline=bench.clock.wall() + 77.0)
    board = worker.lease._beats.board
    assert (board.deadline, board.has_all_time) == (bench.clock.wall() + 77.0, True)


@pytest.mark.parametrize(("ago", "blamed"), [(10.0, [TIME]), (60.0, [])])
def test_who_came_in_place_of_another_had_not_all_of_the_elements_time(bench, ago, blamed):
    now = bench.clock.wall()
    worker = bench.worker(STOPPED, deadline=now + 110.0, begun=now - ago)
    worker.space["stops"] = worker.stops
    worker.run()
    assert worker.lease._beats.board.has_all_time == bool(blamed)
    assert found(bench, worker.graph.digests[0]) == blamed


# last, and alone


@pytest.mark.parametrize("is_short", [True, False])
def test_a_suspect_runs_last(bench, notes, short, is_short):
    worker = bench.worker(notes, short() if is_short else None)
    kill(bench, worker.graph.digests[3], 2)
    bench.worker(notes, max_crashes=1, keep_going=False)  # only looks
    worker.run()
    assert (worker.runs[-1], sorted(worker.runs)) == (3, list(range(10)))


def test_a_suspect_runs_last_though_its_claims_were_removed(bench, notes):
    worker = bench.worker(notes)
    for number in (0, 3):
        bench.store.bury(Death(worker.graph.digests[number], f"life-of-{number}"))
    worker.run()
    assert (sorted(worker.runs[-2:]), sorted(worker.runs)) == ([0, 3], list(range(10)))


def test_a_suspect_is_in_no_batch(bench, notes, short):
    worker = bench.worker(notes, short())
    bench.store.bury(Death(worker.graph.digests[3], "life-of-3"))
    worker.run()
    singles = [name for name in bench.names() if len(name) == 32]
    assert (singles, worker.runs[-1]) == ([worker.graph.digests[3].hex()], 3)


def test_what_turns_out_to_be_a_suspect_once_it_is_claimed_is_let_go_and_runs_last(bench, notes):
    worker = bench.worker(notes)
    worker.worker._knowledge.look(0)
    bench.store.bury(Death(worker.graph.digests[0], "life-of-0"))
    worker.run()
    assert worker.runs == [*range(1, 10), 0]


def test_of_suspects_those_run_first_of_which_fewer_died(bench, notes):
    worker = bench.worker(notes)
    for number, count in ((1, 2), (2, 1), (5, 2), (7, 1)):
        for time in range(count):
            bench.store.bury(Death(worker.graph.digests[number], f"life-{number}-{time}"))
    worker.run()
    assert ({*worker.runs[-4:-2]}, {*worker.runs[-2:]}) == ({2, 7}, {1, 5})


def test_what_a_suspect_makes_ready_is_run(bench):
    worker = bench.worker(f"{ONE}\nafter = note(only)")
    bench.store.bury(Death(worker.graph.digests[0], "life-of-7"))
    assert worker.run().runs == [7, 7]


def test_what_others_make_ready_runs_before_a_suspect(bench):
    worker = bench.worker(f"{ONE}\nafter = [note(8), note(note(9))]")
    bench.store.bury(Death(worker.graph.digests[0], "life-of-7"))
    assert worker.run().runs[-1] == 7


def test_a_suspect_that_another_runs_is_waited_for(bench):
    worker = bench.worker(ONE)
    bench.store.bury(Death(worker.graph.digests[0], "life-of-7"))
    hold(bench, worker.graph.digests[0])
    bench.clock.at(100.0, lambda: bench.store.put(worker.graph.digests[0], 7))
    worker.run()
    assert (worker.runs, worker.graph.unfinished) == ([], 0)


def test_who_is_no_suspect_any_more_runs_as_any(bench, notes):
    worker = bench.worker(notes)
    bench.store.bury(Death(worker.graph.digests[0], "life-of-0"))
    worker.worker._knowledge.look(0)
    bench.store.forget_deaths(worker.graph.digests)
    worker.worker._knowledge.look(0)
    assert worker.run().runs == list(range(10))


def test_a_suspect_that_cannot_end_in_time_is_left_for_others(bench):
    worker = bench.worker(ONE, deadline=bench.clock.wall() + 100.0)
    worker.worker._context.policy.means["jugfile.note"] = 500.0
    bench.store.bury(Death(worker.graph.digests[0], "life-of-7"))
    worker.run()
    assert (worker.runs, "takes 500 s" in worker.said[-1]) == ([], True)


def test_a_good_path_looks_for_no_deaths(bench, notes, short):
    """The listing that tells what is done tells of deaths, too."""
    worker = bench.worker(notes, short())
    calls = []
    for name in ("deaths", "death_at", "bury", "acquit"):
        setattr(worker.worker._context.store.bare, name, lambda *args: calls.append(args))
    worker.run()
    assert calls == []


# when it is enough


def test_a_task_that_killed_some_workers_is_tried_again(bench):
    worker = bench.worker(ONE)
    kill(bench, worker.graph.digests[0], 2)
    assert worker.run().runs == [7]


def test_a_task_that_killed_too_many_fails_with_that_story(bench):
    worker = bench.worker(ONE)
    for how in (CRASH, MEMORY, UNKNOWN):
        kill(bench, worker.graph.digests[0], how=how)
    worker.run()
    (failure,) = worker.worker.tally.failures
    assert (worker.runs, worker.graph.stuck, failure.deaths) == ([], 1, 3)
    assert "3 workers died" in failure.exception
    assert all(f"killed by {how}" in failure.trace for how in (CRASH, MEMORY, UNKNOWN))
    assert (failure.call, failure.host, "element" in failure.trace) == ("jugfile.note(7)", "life-4", False)
    assert bench.store.failure(failure.digest) == failure


def test_all_that_died_at_one_limit_is_told_as_that(bench):
    worker = bench.worker(ONE)
    kill(bench, worker.graph.digests[0], 3, TIME)
    worker.run()
    assert "3 workers met the time limit with it" in worker.worker.tally.failures[0].exception


def test_how_many_a_task_may_kill_can_be_chosen(bench):
    worker = bench.worker(ONE, max_crashes=1)
    kill(bench, worker.graph.digests[0])
    assert worker.run().runs == []


def test_a_task_that_failed_for_its_deaths_is_not_retried(bench):
    worker = bench.worker(ONE, retries=9)
    kill(bench, worker.graph.digests[0], 3)
    assert (worker.run().runs, len(worker.worker.tally.failures)) == ([], 1)


@pytest.mark.parametrize("proof", ["its element was started anew", "its life went on and ended well"])
def test_a_task_is_not_failed_for_deaths_that_turn_out_to_be_none(bench, proof):
    worker = bench.worker(ONE)
    digest, life = worker.graph.digests[0], "0a1b2c3d-4-0-node-7-01234567"
    for number in (1, 2):
        bench.store.bury(Death(digest, f"life-of-{number}"))
    bench.store.bury(Death(digest, life, submission="0a1b2c3d", element=4))
    heir = replace(worker.lease.record, life=life if "ended" in proof else life.replace("4-0", "4-1"), state=ALIVE)
    bench.store.begin(heir)
    if "ended" in proof:
        bench.store.end(heir)
    worker.run()
    assert (worker.runs, len(found(bench, digest))) == ([7], 2)


def test_a_worker_knows_that_its_own_element_was_started_anew(bench):
    worker = bench.worker(ONE)
    worker.lease.record = replace(worker.lease.record, submission="0a1b2c3d", element=4, run=1)
    lease = bench.lease()
    former = replace(lease.record, submission="0a1b2c3d", element=4, run=0, life="former")
    bench.store.begin(former)
    bench.store.claims("former").take(0, worker.graph.digests[0], View())
    worker.run()
    assert (worker.runs, found(bench, worker.graph.digests[0])) == ([7], [])


def test_signals_that_ask_to_stop_blame_nobody_without_a_limit(bench):
    worker = bench.worker(STOPPED)
    worker.space["stops"] = worker.stops
    worker.run()
    assert (worker.stops.signal, found(bench, worker.graph.digests[0])) == (signal.SIGTERM, [])


@pytest.mark.parametrize(("how", "runs", "counted"), [(CRASH, [], 1), (TOLD, [7], 0)])
def test_what_the_witness_wrote_only_after_the_claim_was_taken_over_counts_before_a_task_is_given_up(
    bench, how, runs, counted
):
    worker = bench.worker(ONE, max_crashes=1)
    digest, lease = worker.graph.digests[0], bench.lease()
    lease.note("jugfile.note", digest, 0.0)
    bench.store.bury(Death(digest, lease.record.life))  # by who found the process gone
    die(bench, lease, how)
    worker.run()
    assert (worker.runs, found(bench, digest)) == (runs, [how] * counted)


def test_a_cleanup_that_was_faster_hides_no_death_from_who_takes_over(bench):
    worker = bench.worker(ONE, max_crashes=1)
    digest = worker.graph.digests[0]
    kill(bench, digest)
    store = worker.worker._context.store.bare

    def cleaned(shard, key, generation):
        bench.store.bury(Death(digest, "life-2"))
        bench.store.remove_claim(shard, key, generation)

    store.death_at = cleaned  # which comes to read the claim just after that was removed
    assert (worker.run().runs, len(worker.worker.tally.failures)) == ([], 1)
