"""What tasks took is measured, kept small, and written now and then."""

from __future__ import annotations

import dataclasses

import pytest

from jughpc.store.base import Pace
from jughpc.store.measures import decode
from jughpc.store.memory import MemoryStore
from jughpc.store.record import Record
from jughpc.testing.clocks import HandClock
from jughpc.usage import OsMeter, Usage
from jughpc.worker import ledger as ledgers
from jughpc.worker.ledger import Ledger

RECORD = Record("life-a", "node1", "space", 7, 1, "ada")


class HandMeter:
    """Shows what the test says was used."""

    def __init__(self) -> None:
        self.usage, self.begun = Usage(1.0, 1 << 30), 0

    def begin(self) -> None:
        self.begun += 1

    def read(self) -> Usage:
        return self.usage


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def meter():
    return HandMeter()


@pytest.fixture
def ledger(clock, meter):
    return Ledger(clock, meter)


def run_single(ledger, clock, seconds, digest=b"\x01" * 16, *, failed=False):
    ledger.begin()
    start = clock.uptime()
    clock.time += seconds
    ledger.single("mod.f", digest, start, failed=failed)


def test_a_single_task_has_its_time_its_processor_time_and_its_own_peak(ledger, clock, meter):
    ledger.begin()
    clock.time += 2.5
    meter.usage = Usage(3.0, 5 << 20)
    ledger.single("mod.f", b"\x01" * 16, clock.uptime() - 2.5, failed=True)
    found = ledger.measures(RECORD)
    (task,) = found.tasks
    assert (task.wall, task.cpu, task.peak, task.failed, task.digest) == (2.5, 2.0, 5 << 20, True, "01" * 6)
    assert (found.summary.peak, found.summary.functions["mod.f"].failed) == (1 << 30, 1)


def test_a_batch_shares_its_processor_time_out_by_time_and_keeps_its_long_tasks(ledger, clock, meter):
    ledger.begin()
    start = clock.uptime()
    clock.time += 1.0
    meter.usage = Usage(2.0, 6 << 20)
    ledger.batch(["f", "g", "f"], [0.25, 0.5, 0.25], [bytes([n] * 16) for n in range(3)], start, {1})
    found = ledger.measures(RECORD)
    f, g = found.summary.functions["f"], found.summary.functions["g"]
    assert [(one.count, one.failed, one.wall, one.cpu, one.peak) for one in (f, g)] == [
        (2, 0, 0.5, 0.5, 6 << 20), (1, 1, 0.5, 0.5, 6 << 20),
    ]  # fmt: skip
    assert [(task.name, task.start, task.wall, task.failed) for task in found.tasks] == [
        ("f", 0.0, 0.25, False), ("g", 0.25, 0.5, True), ("f", 0.75, 0.25, False),
    ]  # fmt: skip


def test_what_is_written_is_read_as_it_was(ledger, clock):
    store = MemoryStore()
    for seconds in (0.01, 0.5, 70.0):
        run_single(ledger, clock, seconds)
    ledger.write(store, RECORD)
    columns, kept = decode(store.measures("life-a"), "life-a"), ledger.measures(RECORD)
    assert columns is not None
    read = columns.rows()
    assert (read.slots, read.grain) == (kept.slots, kept.grain)
    assert [dataclasses.replace(read.summary, functions={}), *read.tasks] == [
        dataclasses.replace(kept.summary, functions={}), *kept.tasks,
    ]  # fmt: skip
    sums = read.summary.functions["mod.f"]
    assert (sums.count, sums.least, sums.most, sums.bins) == (3, 0.01, 70.0, {-6: 1, 0: 1, 7: 1})


def test_however_much_a_worker_does_its_file_stays_small_and_counts_all(ledger, clock):
    for number in range(3000):
        run_single(ledger, clock, 1.0 + number / 1000)
        clock.time += 3.0
    found = ledger.measures(RECORD)
    assert ledgers.MOST_TASKS // 2 <= len(found.tasks) <= ledgers.MOST_TASKS
    assert min(task.wall for task in found.tasks) > 1.5  # the longest are kept
    assert len(found.slots) <= ledgers.MOST_SLOTS
    assert sum(slot.ended for slot in found.slots) == found.summary.functions["mod.f"].count == 3000


def test_tasks_cost_a_write_in_some_beats_only(ledger, clock):
    store = MemoryStore()
    writes = 0
    for _ in range(100):
        run_single(ledger, clock, 3.0)
        before = store.measures("life-a")
        ledger.write_if_due(store, RECORD)
        writes += store.measures("life-a") != before
    assert writes == 1 + 300 // (ledgers.BEATS * Pace().beat) - 1


def test_a_worker_that_goes_on_under_a_new_name_keeps_one_file(ledger, clock):
    store = MemoryStore()
    run_single(ledger, clock, 1.0)
    ledger.write(store, RECORD)
    run_single(ledger, clock, 1.0)
    ledger.write(store, dataclasses.replace(RECORD, life="life-b"))
    assert store.measured() == ["life-a"]


def test_a_store_that_fails_costs_no_task(ledger, clock):
    class Full(MemoryStore):
        def keep_measures(self, life, data):
            raise OSError(28, "no space left on device")

    run_single(ledger, clock, 1.0)
    ledger.write(Full(), RECORD)


def test_the_kernel_tells_the_peak_of_one_task_after_a_larger_one():
    meter = OsMeter()
    large = b"x" * (200 << 20)
    before = meter.read().peak
    del large
    meter.begin()
    assert before >= 200 << 20
    assert meter.read().peak < before - (150 << 20)


def test_processor_time_counts_what_the_process_did():
    meter = OsMeter()
    before = meter.read().cpu
    sum(range(3_000_000))
    assert meter.read().cpu > before


def test_a_worker_measures_what_it_runs_in_batches_and_singly(bench):
    text = "@TaskGenerator\ndef f(i):\n    clock.time += 0.001\n    if i == 7: raise ValueError\n"
    hand = bench.worker(text + "tasks = [f(i) for i in range(20)]")
    hand.run()
    sums = hand.measures().summary.functions["jugfile.f"]
    assert (sums.count, sums.failed, round(sums.wall, 6)) == (20, 1, 0.02)
