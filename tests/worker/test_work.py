"""One worker alone: what runs, in which order, and what is left behind."""

from __future__ import annotations

import pytest

from jughpc.errors import HookError
from jughpc.library import exit_checks
from jughpc.store.files.layout import set_name
from jughpc.store.memory import MemoryStore
from jughpc.tasks import hooks
from jughpc.worker.policy import Policy


def test_each_task_runs_once(bench, notes):
    worker = bench.worker(notes).run()
    assert sorted(worker.runs) == list(range(10))
    assert (worker.graph.unfinished, worker.executed) == (0, 10)


def test_each_task_of_many_shards_runs_once(bench, notes):
    bench.open(3)
    assert sorted(bench.worker(notes).run().runs) == list(range(10))


def test_results_are_stored(bench, notes):
    worker = bench.worker(notes).run()
    assert [bench.store.get(digest) for digest in worker.graph.digests] == [i * i for i in range(10)]


def test_the_memory_store_works_alike(bench, notes):
    worker = bench.worker(notes, store=MemoryStore()).run()
    assert sorted(worker.runs) == list(range(10))


def test_what_has_a_result_is_not_run_again(bench, notes):
    bench.worker(notes).run()
    worker = bench.worker(notes).run()
    assert (worker.runs, worker.worker.tally.loaded.total(), worker.graph.unfinished) == ([], 10, 0)


def test_no_claim_is_left_behind(bench, notes):
    bench.worker(notes).run()
    assert bench.claims() == []


def test_long_tasks_run_in_the_order_of_definition(bench):
    worker = bench.worker(LONG).run()
    assert worker.runs == list(range(10))


def test_long_tasks_begin_at_the_workers_own_place(bench):
    worker = bench.worker(LONG, start=0.5).run()
    assert worker.runs == [5, 6, 7, 8, 9, 0, 1, 2, 3, 4]


def test_long_tasks_are_published_one_by_one(bench):
    bench.worker(LONG).run()
    assert len([name for name in bench.names() if len(name) == 32]) == 10


def test_short_tasks_share_one_claim_and_one_file(bench, notes, short):
    bench.worker(notes, short()).run()
    assert [name[-5:] for name in bench.names()] == [".pack"]


def test_a_function_that_proves_short_is_claimed_by_shard_from_then_on(bench, notes):
    bench.worker(notes).run()
    assert len(bench.names()) == 2  # the first task's own file, and a pack of the other nine


def test_what_a_task_made_ready_is_run_next(bench):
    assert bench.worker(PAIRS).run().runs == ["a0", "b0", "a1", "b1", "a2", "b2"]


def test_a_chain_of_short_tasks_runs_to_its_end(bench, short):
    bench.open(2)
    worker = bench.worker(CHAIN, short()).run()
    assert worker.runs == list(range(50))


def test_a_fan_in_gets_all_its_values(bench, short):
    worker = bench.worker(SUM, short()).run()
    assert bench.store.get(worker.space["total"].digest) == sum(i * i for i in range(10))


def test_a_shard_whose_tasks_are_done_is_marked_complete(bench, notes):
    worker = bench.worker(notes).run()
    assert bench.store.complete() == {(0, set_name(worker.graph.digests))}


def test_a_batch_ends_when_its_results_grow_large(bench, short):
    bench.worker(LARGE, short()).run()
    assert len([name for name in bench.names() if name.endswith(".pack")]) > 1


def test_a_batch_is_flushed_after_some_seconds(bench):
    bench.worker(SLOW, Policy(claim_cost=10.0, means={"jugfile.note": 0.3})).run()
    assert 2 <= len(bench.names()) <= 5  # 100 tasks of 0.3 s


def test_a_value_that_nobody_waits_for_is_dropped(bench):
    worker = bench.worker(SUM).run()
    assert not any(task.is_loaded() for task in worker.graph.tasks)


def test_the_record_tells_how_many_tasks_were_done(bench, notes):
    worker = bench.worker(notes).run()
    worker.lease.end("its work ended")
    assert worker.lease._beats.board.onto(worker.lease.record, bench.clock).done == 10


def test_the_same_task_twice_in_a_jugfile_runs_once(bench, notes):
    assert bench.worker(f"{notes}\nmore = [note(3), note(4)]").run().runs.count(3) == 1


@pytest.mark.parametrize("means", [{}, {"jugfile.note": 1e-6}])
def test_hooks_see_each_task_before_and_after(bench, notes, means):
    seen = []
    hooks.register_hook(hooks.TASK_PRE_EXECUTE, lambda task: seen.append(("before", task.args[0])))
    hooks.register_hook(hooks.TASK_EXECUTED, lambda task: seen.append(("after", task.args[0])))
    bench.worker(notes, Policy(means=means)).run()
    assert sorted(seen) == sorted((when, i) for i in range(10) for when in ("before", "after"))


def test_a_hook_that_stops_the_worker_before_a_task_loses_no_result(bench, notes, short):
    def stop_at_five(task):
        if task.args[0] == 5:
            raise hooks.StopWorker(0)

    hooks.register_hook(hooks.TASK_PRE_EXECUTE, stop_at_five)
    worker = bench.worker(notes, short()).run()
    assert worker.worker.stopping()
    assert len(bench.store.look(0).done) == len(worker.runs) == worker.executed < 10


@pytest.mark.parametrize("means", [{}, {"jugfile.note": 1e-6}])
def test_a_worker_ends_after_exactly_so_many_tasks_even_short_ones(bench, notes, means):
    exit_checks.exit_after_n_tasks(3)
    worker = bench.worker(notes, Policy(means=means)).run()
    assert worker.executed == len(worker.runs) == len(bench.store.look(0).done) == 3
    assert (worker.worker.stopping(), bench.claims()) == (True, [])


def test_a_hook_sees_each_task_that_others_did_once(bench, notes):
    first = bench.worker(notes)
    bench.store.put(first.graph.digests[3], 9)
    bench.store.put(first.graph.digests[7], 49)
    seen = []
    hooks.register_hook(hooks.TASK_LOADABLE, lambda task: seen.append(task.args[0]))
    first.run()
    assert sorted(seen) == [3, 7]
    bench.worker(notes).run()
    assert sorted(seen[2:]) == list(range(10))


@pytest.mark.parametrize("name", [hooks.TASK_LOADABLE, hooks.TASK_EXECUTED])
def test_a_hook_that_raises_ends_the_worker_by_its_name_and_leaves_no_claim(bench, notes, name):
    hooks.register_hook(name, lambda task: 1 / 0)
    worker = bench.worker(notes)
    bench.store.put(worker.graph.digests[3], 9)
    with pytest.raises(HookError, match=rf"ZeroDivisionError: division by zero\nthe hook {name} raised"):
        worker.run()
    assert bench.claims() == []


def test_a_hook_that_exits_stops_the_worker_and_fails_no_task(bench, notes):
    def leave(task):
        raise SystemExit(0)

    hooks.register_hook(hooks.TASK_PRE_EXECUTE, leave)
    worker = bench.worker(notes).run()
    assert (worker.runs, worker.worker.tally.failures, bench.claims()) == ([], [], [])


LONG = """
@TaskGenerator
def note(i):
    runs.append(i)
    clock.sleep(60)

tasks = [note(i) for i in range(10)]
"""

PAIRS = """
@TaskGenerator
def first(i):
    runs.append(f"a{i}")
    clock.sleep(60)

@TaskGenerator
def second(i, before):
    runs.append(f"b{i}")
    clock.sleep(60)

tasks = [second(i, task) for i, task in enumerate([first(i) for i in range(3)])]
"""

CHAIN = """
@TaskGenerator
def note(i, before):
    runs.append(i)

last = None
for i in range(50):
    last = note(i, last)
"""

SUM = """
@TaskGenerator
def note(i):
    return i * i

@TaskGenerator
def add(numbers):
    return sum(numbers)

total = add([note(i) for i in range(10)])
"""

LARGE = """
import os

@TaskGenerator
def note(i):
    return os.urandom(1 << 20)

tasks = [note(i) for i in range(10)]
"""

SLOW = """
@TaskGenerator
def note(i):
    clock.sleep(0.3)

tasks = [note(i) for i in range(100)]
"""
