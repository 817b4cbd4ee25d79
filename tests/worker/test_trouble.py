"""Tasks that fail, results that get lost, and disks that are full."""

from __future__ import annotations

import errno
import signal

import pytest

from jughpc.fs import OsFiles
from jughpc.store.base import SHARD
from jughpc.worker.patience import CANNOT_PASS

FAILING = """
@TaskGenerator
def note(i):
    runs.append(i)
    return 1 // i

@TaskGenerator
def add(numbers):
    return sum(numbers)

tasks = [note(i) for i in range(-2, 3)]
total = add(tasks)
"""

FLAKY = """
@TaskGenerator
def note(i):
    runs.append(i)
    if len(runs) < 3:
        raise OSError("not yet")
    return i

only = note(7)
"""

PAIR = """
@TaskGenerator
def note(i):
    runs.append(i)
    return list(range(i))

@TaskGenerator
def add(numbers):
    runs.append("sum")
    return sum(numbers)

total = add(note(1000))
"""


class Faulty(OsFiles):
    """The real files, but the next writes of a kind fail."""

    def __init__(self, files, error, times, suffix=".tmp"):
        super().__init__(files.root)
        self.error, self.times, self.suffix = error, times, suffix

    def save(self, path, parts):
        if path.endswith(self.suffix) and self.times:
            self.times -= 1
            raise OSError(self.error, "no", path)
        super().save(path, parts)


@pytest.fixture(params=["singly", "by shard"])
def how(request, short):
    """Return the policy of claiming so."""
    return short() if request.param == "by shard" else None


def test_a_failure_is_recorded_with_the_users_own_traceback(bench, how):
    worker = bench.worker(FAILING, how).run()
    (failure,) = worker.worker.tally.failures
    assert bench.store.failure(failure.digest) == failure
    assert failure.exception.startswith("ZeroDivisionError: ")  # whose words differ by version
    assert failure.tries == 1
    assert "return 1 // i" in failure.trace
    assert "jughpc/" not in failure.trace


def test_a_worker_that_keeps_going_runs_all_that_can_run(bench, how):
    worker = bench.worker(FAILING, how).run()
    assert sorted(worker.runs) == [-2, -1, 0, 1, 2]
    assert (worker.graph.unfinished, worker.graph.stuck) == (2, 2)


def test_a_worker_that_does_not_keep_going_ends_with_the_first_failure(bench, how):
    worker = bench.worker(FAILING, how, keep_going=False).run()
    assert worker.worker.stopping()
    assert worker.runs[-1] == 0
    assert len(bench.store.look(0).done) == len(worker.runs) - 1


def test_a_failed_task_holds_no_claim(bench, how):
    bench.worker(FAILING, how).run()
    assert bench.claims() == []


def test_a_task_that_failed_elsewhere_is_not_run_again(bench, how):
    bench.worker(FAILING, how).run()
    worker = bench.worker(FAILING, how).run()
    assert (worker.runs, worker.graph.stuck) == ([], 2)


def test_a_failure_seen_before_the_task_is_ready_counts_too(bench):
    text = """
@TaskGenerator
def note(i):
    runs.append(i)
    return 0

@TaskGenerator
def fail(zero):
    runs.append("failed")
    return 1 / zero

last = fail(note(1))
"""
    bench.open(6)
    bench.worker(text).run()
    worker = bench.worker(text).run()
    assert (worker.runs, worker.graph.stuck) == ([], 1)


def test_a_failure_of_an_earlier_run_is_tried_again_by_hand(bench):
    first = bench.worker(FAILING).run()
    first.lease.end("its work ended")
    assert bench.worker(FAILING, retry_failed=True).run().runs == [0]


def test_a_failure_of_one_who_still_lives_is_not_tried_again_by_hand(bench):
    bench.worker(FAILING).run()
    assert bench.worker(FAILING, retry_failed=True).run().runs == []


def test_a_failure_is_tried_again_as_often_as_asked(bench, how):
    worker = bench.worker(FAILING, how, retries=2).run()
    assert worker.runs.count(0) == 3
    assert worker.worker.tally.failures[0].tries == 3


def test_a_retry_that_works_leaves_no_failure(bench, how):
    worker = bench.worker(FLAKY, how, retries=5).run()
    assert (worker.graph.unfinished, worker.worker.tally.failures) == (0, [])
    assert bench.store.look(0).failed == set()


def test_tries_of_others_count(bench):
    first = bench.worker(FAILING, retries=1, keep_going=False)
    first.run()
    worker = bench.worker(FAILING, retries=2).run()
    assert worker.runs.count(0) == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("raise SystemExit(3)", "it called sys.exit(3)"),
        ("return lambda: 0", "cannot be stored"),
        ("raise KeyError('x')", "KeyError: 'x'"),
    ],
)
def test_what_went_wrong_is_told_in_words(bench, call, words):
    text = f"@TaskGenerator\ndef note(i):\n    {call}\n\nonly = note(1)"
    (failure,) = bench.worker(text).run().worker.tally.failures
    assert words in failure.exception


def test_a_keyboard_interrupt_of_the_tasks_own_fails_it_and_one_that_may_be_somebodys_does_not(bench, how):
    text = "@TaskGenerator\ndef note(i):\n    runs.append(i)\n    if i == 1:\n        raise KeyboardInterrupt\n\n"
    text += "all = [note(i) for i in range(3)]"
    with pytest.raises(KeyboardInterrupt):
        bench.worker(text, how).run()
    by_default = signal.signal(signal.SIGINT, lambda number, frame: None)  # as workers do, which heed it
    try:
        worker = bench.worker(text, how).run()
    finally:
        signal.signal(signal.SIGINT, by_default)
    (failure,) = worker.worker.tally.failures
    assert failure.exception == "KeyboardInterrupt"
    assert worker.graph.unfinished == 1


def test_an_exception_in_a_hook_fails_the_task(bench, notes):
    from jughpc.tasks import hooks

    hooks.register_hook(hooks.TASK_PRE_EXECUTE, lambda task: 1 / (task.args[0] - 3))
    worker = bench.worker(notes).run()
    assert len(worker.worker.tally.failures) == 1
    assert len(worker.runs) == 9


def of(worker, name):
    """Return the digest of a task that the jugfile calls `name`."""
    return worker.space[name].digest


def test_a_result_that_is_lost_while_others_wait_for_it_is_computed_again(bench):
    bench.worker(f"{PAIR}\nfirst = note(1000)").run()
    worker = bench.worker(PAIR)
    dependency = next(worker.space["total"].dependencies()).digest
    bench.store.remove([of(worker, "total")])
    bench.clock.sleep(1)
    worker.worker._knowledge.look(0)
    bench.store.remove([dependency])
    worker.run()
    assert (worker.runs, worker.graph.unfinished) == ([1000, "sum"], 0)


def test_a_result_that_is_damaged_is_set_aside_and_computed_again(bench):
    first = bench.worker(PAIR).run()
    dependency = next(first.space["total"].dependencies()).digest
    bench.store.remove([of(first, "total")])
    path = bench.files.root / "shards/0" / dependency.hex()
    path.write_bytes(path.read_bytes()[:-100])
    worker = bench.worker(PAIR, store=bench.open(0)).run()
    assert (worker.runs, worker.graph.unfinished) == ([1000, "sum"], 0)
    assert bench.store.get(of(worker, "total")) == 499500
    assert f"{dependency.hex()}.corrupt" in bench.names()


@pytest.mark.parametrize("is_thorough", [True, False])
def test_who_is_thorough_finds_in_the_end_what_vanished_of_its_own_work(bench, notes, is_thorough):
    worker = bench.worker(notes, is_thorough=is_thorough).run()
    bench.store.remove([task.digest for task in worker.space["tasks"][:3]])
    assert worker.worker.recheck().startswith("3 results are gone, in 1 shard that had them" if is_thorough else "")
    assert worker.graph.unfinished == (3 if is_thorough else 0)


def test_a_result_that_vanished_under_a_mark_is_computed_again(bench):
    bench.open(8)  # so that the two tasks lie in shards of their own
    first = bench.worker(PAIR).run()
    dependency = next(first.space["total"].dependencies()).digest
    bench.store.remove([of(first, "total")])
    (marked,) = bench.store.complete()
    (bench.files.root / bench.store.folder(marked[0]) / dependency.hex()).unlink()
    worker = bench.worker(PAIR, store=bench.open(8)).run()
    assert (worker.runs, worker.graph.unfinished) == ([1000, "sum"], 0)


def test_a_result_that_was_there_but_damaged_counts_as_executed_only(bench):
    first = bench.worker(PAIR).run()
    dependency = next(first.space["total"].dependencies()).digest
    bench.store.remove([of(first, "total")])
    (bench.files.root / "shards/0" / dependency.hex()).write_bytes(b"")
    tally = bench.worker(PAIR, store=bench.open(0)).run().worker.tally
    assert (tally.executed, tally.loaded) == ({"jugfile.note": 1, "jugfile.add": 1}, {})


def test_a_full_disk_is_waited_out_and_no_task_runs_twice(bench, how, notes):
    files = Faulty(bench.files, errno.ENOSPC, times=3)
    worker = bench.worker(notes, how, store=bench.open(0, files)).run()
    assert sorted(worker.runs) == list(range(10))
    assert len(bench.store.look(0).done) == 10
    assert "trying again" in worker.said[0]


def test_a_full_disk_keeps_no_failure_from_being_recorded(bench, how):
    files = Faulty(bench.files, errno.ENOSPC, times=8)
    worker = bench.worker(FAILING, how, store=bench.open(0, files)).run()
    assert len(bench.store.look(0).failed) == len(worker.worker.tally.failures) == 1


def bound_to_pass():
    """Return every errno but those by which a call says of itself that it was wrong."""
    return sorted(set(errno.errorcode) - CANNOT_PASS)


@pytest.mark.parametrize("number", bound_to_pass(), ids=errno.errorcode.get)
def test_whatever_is_not_a_mistake_of_the_call_is_waited_out(bench, how, notes, number):
    files = Faulty(bench.files, number, times=3)
    worker = bench.worker(notes, how, store=bench.open(0, files)).run()
    assert (sorted(worker.runs), worker.graph.unfinished, bench.claims()) == (list(range(10)), 0, [])


class Broken(OsFiles):
    """The real files, of which some calls fail while `error` is not 0."""

    def __init__(self, files, error, calls):
        super().__init__(files.root)
        self.error, self.calls = error, calls

    def __getattribute__(self, name):
        if name in CALLS and name in self.calls and self.error:
            raise OSError(self.error, "no", name)
        return super().__getattribute__(name)


CALLS = ("names", "read", "map", "write", "save", "rewrite", "rename", "link", "remove", "make_folder")


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOENT, errno.EPIPE])
@pytest.mark.parametrize("text", [FAILING, PAIR], ids=["failing", "pair"])
def test_a_worker_outlives_each_call_that_fails_for_minutes(bench, how, text, number, call):
    files = Broken(bench.files, 0, {call})
    worker = bench.worker(text, how, store=bench.open(0, files))
    files.error = number
    bench.clock.at(bench.clock.time + 500.0, lambda: setattr(files, "error", 0))
    worker.run()
    assert worker.graph.unfinished == worker.graph.stuck
    assert len(bench.store.look(0).done) == worker.executed
    files.error = 0
    worker.lease.end("its work ended")
    assert all(held_by_nobody(bench, name) for name in bench.claims())


def held_by_nobody(bench, name):
    key, _, generation = name.partition(".claim.")
    key = SHARD if key == "shard" else bytes.fromhex(key)
    return bench.store.observer().proof(0, key, int(generation))


def test_who_waits_says_so_once_and_when_it_is_over(bench, notes):
    files = Faulty(bench.files, errno.EROFS, times=5)
    said = bench.worker(notes, store=bench.open(0, files)).run().said
    assert len([line for line in said if "trying again, for 1h at most" in line]) == 1
    assert len([line for line in said if "goes on, after" in line]) == 1


def test_a_worker_whose_patience_is_over_keeps_its_results_elsewhere_and_leaves_no_claim(bench, how, notes):
    kept = {}
    options = {"rescue": lambda results, life: kept.update(results) or bench.files.root, "patience": 60.0}
    files = Faulty(bench.files, errno.EROFS, times=10**9)
    worker = bench.worker(notes, how, store=bench.open(0, files), **options).run()
    assert len(kept) == len(worker.runs) > 0
    assert worker.worker.stopping()
    assert f"jughpc rescue {bench.files.root}" in worker.said[-2]
    assert bench.claims() == []


def test_what_cannot_pass_is_not_waited_for(bench, notes):
    files, before = Faulty(bench.files, errno.EFBIG, times=10**9), bench.clock.time
    worker = bench.worker(notes, store=bench.open(0, files), rescue=lambda *kept: bench.files.root).run()
    assert worker.worker.stopping()
    assert bench.clock.time - before < 60.0


def test_a_worker_that_is_told_to_stop_keeps_what_the_store_does_not_take(bench, notes):
    kept = {}
    files = Faulty(bench.files, errno.EROFS, times=10**9)
    worker = bench.worker(notes, store=bench.open(0, files), rescue=lambda results, life: kept.update(results))
    bench.clock.at(bench.clock.time + 40.0, lambda: worker.stops.heed(signal.SIGTERM))
    worker.run()
    assert len(kept) == 1


def test_a_worker_whose_record_was_taken_away_goes_on_under_a_new_life(bench, notes):
    worker = bench.worker(notes)
    bench.store.forget_life(worker.lease.record.life)
    worker.run()
    assert (sorted(worker.runs), worker.graph.unfinished, bench.claims()) == (list(range(10)), 0, [])
    assert worker.lease.record.life.endswith("-again")


@pytest.mark.parametrize("what", ["record", "claims", "both"])
def test_a_worker_from_which_all_is_taken_while_a_task_runs_goes_on(bench, what):
    def take():
        for name in bench.claims() * (what != "record"):
            bench.files.remove(f"shards/0/{name}")
        for name in bench.files.names("workers") * (what != "claims"):
            bench.files.remove(f"workers/{name}")

    worker = bench.worker(LONG)
    bench.clock.at(bench.clock.time + 30.0, take)
    worker.run()
    assert (worker.graph.unfinished, bench.claims()) == (0, [])
    assert len(bench.store.look(0).done) == 3


def test_a_worker_whose_jugdir_was_removed_or_renamed_keeps_its_results_elsewhere_and_brings_nothing_back(bench):
    kept = []
    bench.jugdir.mkdir()
    store = bench.open(0, OsFiles(bench.jugdir, make_root=False))
    worker = bench.worker(LONG, store=store, rescue=lambda *what: kept.append(what))
    bench.clock.at(bench.clock.time + 30.0, lambda: bench.jugdir.rename(bench.jugdir.with_name("elsewhere")))
    worker.run()
    assert worker.worker.stopping()
    gone = [f"{bench.jugdir}: it was removed or renamed" in line for line in worker.said]
    assert gone == [True, False, True]  # between: where the results are
    assert (len(worker.runs), len(kept), bench.jugdir.exists()) == (1, 1, False)


LONG = """
@TaskGenerator
def note(i):
    runs.append(i)
    clock.sleep(60)

tasks = [note(i) for i in range(3)]
"""

LARGE = """
import numpy as np

@TaskGenerator
def array(n):
    return np.full(n, 1.0)

@TaskGenerator
def total(array):
    return float(array.sum())

@TaskGenerator
def fails(array):
    assert array[-1] == 1.0
    return True

numbers = array(1_000_000)
sum_of_all = total(numbers)
is_one = fails(numbers)
"""


@pytest.mark.parametrize("name", ["sum_of_all", "is_one"])
def test_nothing_that_was_made_of_a_damaged_large_array_is_stored(bench, name):
    first = bench.worker(LARGE).run()
    dependency = of(first, "numbers")
    bench.store.remove([of(first, name)])
    path = bench.files.root / "shards/0" / dependency.hex()
    content = bytearray(path.read_bytes())
    content[-1] ^= 0x40
    path.write_bytes(content)
    worker = bench.worker(LARGE, store=bench.open(0)).run()
    assert (worker.worker.tally.failures, worker.graph.unfinished) == ([], 0)
    assert bench.store.get(of(worker, name)) == {"sum_of_all": 1_000_000.0, "is_one": True}[name]
    assert f"{dependency.hex()}.corrupt" in bench.names()
