"""What work took: by function, element and node, when, and what to ask for next time."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from jughpc.app.accounts.account import account
from jughpc.app.accounts.advice import advice
from jughpc.app.accounts.timeline import NAMED, ROWS, STEPS, timeline
from jughpc.app.accounts.usage import Asked, by_class, by_element, by_host
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.config.settings import Settings
from jughpc.errors import JugdirError
from jughpc.fs import OsClock
from jughpc.store.base import Pace
from jughpc.store.failure import Failure
from jughpc.store.location import Folder
from jughpc.store.measures import Sums, decode, encode, together
from jughpc.store.record import Record
from jughpc.testing.clocks import HandClock
from jughpc.testing.simlocation import still_lease
from jughpc.usage import Usage
from jughpc.worker.ledger import Ledger

ASKED = Asked(1, "local", 1e9, size=2, workers=1, cpus=1, memory=2 << 30, time=7200.0)
BEGUN = 1_700_000_000.0
numbers = itertools.count()


class HandMeter:
    usage = Usage()

    def begin(self) -> None:
        pass

    def read(self) -> Usage:
        return self.usage


def columns(seconds, *, name="mod.f", host="node1", element=0, run=0, late=0.0, rest=0.0, cores=1.0, peak=1 << 30):
    """Return what a worker measured that ran tasks of so many `seconds`, each followed by some rest."""
    clock, meter = HandClock(BEGUN + late), HandMeter()
    ledger = Ledger(clock, meter)
    for wall in seconds:
        ledger.begin()
        start = clock.uptime()
        clock.time += wall
        meter.usage = Usage(meter.usage.cpu + cores * wall, peak)
        ledger.single(name, next(numbers).to_bytes(16, "big"), start, failed=False)
        clock.time += rest
    life = f"0badcafe-{element}-{run}-{host}-{next(numbers)}"
    found = ledger.measures(Record(life, host, "space", 7, 1, "ada"))
    read = decode(encode(found), life)
    assert read is not None
    return read


def advised(lives, asked=ASKED, failed=0):
    functions = together(one.summary for one in lives)
    found = advice(asked, by_element(lives), by_host(lives, {}, functions), functions, failed)
    return {one.option: one.words for one in found}


def test_each_task_is_counted_where_it_ended_and_its_worker_as_busy_while_it_ran():
    when = timeline([columns([30.0] * 4), columns([120.0])], ["mod.f"])
    assert when is not None
    assert (when.begun, when.until, len(when.rows)) == (BEGUN, BEGUN + 120, 2)
    assert when.ended.sum() == pytest.approx(5)
    assert when.workers.tolist() == pytest.approx([2.0] * STEPS)
    assert when.busy[1:].tolist() == pytest.approx([2.0] * (STEPS - 1), abs=0.05)  # to a slot
    assert list(when.rows[1].busy[1:]) == pytest.approx([1.0] * (STEPS - 1), abs=0.05)


def test_who_rests_is_there_and_not_busy():
    when = timeline([columns([10.0], rest=30.0)], ["mod.f"])
    assert when is not None
    assert when.busy.sum() * when.step == pytest.approx(10.0)
    assert when.workers.sum() * when.step == pytest.approx(40.0)


def test_of_many_workers_and_functions_some_are_shown_and_all_are_counted():
    lives = [columns([1.0] * 3, name=f"mod.f{n % 20}", element=n, late=n % 7) for n in range(200)]
    when = timeline(lives, [f"mod.f{n}" for n in range(20)])
    assert when is not None
    assert (len(when.rows), len(when.names), when.names[-1]) == (ROWS, NAMED + 1, "")
    assert when.ended.sum() == pytest.approx(600)


def test_nothing_is_made_of_nothing():
    assert timeline([], []) is None
    assert advised([], asked=None) == {}


def test_an_element_is_all_its_workers_side_by_side_and_all_its_runs_one_after_the_other():
    two = [columns([50.0], run=0), columns([50.0], run=0)]
    (found,) = by_element([*two, columns([20.0], run=1, late=100)])
    assert (found.workers, found.wall, found.busy, found.peak, found.tasks) == (2, 70.0, 120.0, 2 << 30, 3)


def test_workers_that_follow_each_other_in_one_run_need_memory_for_one():
    (found,) = by_element([columns([50.0]), columns([50.0], late=60.0)])
    assert (found.workers, found.peak) == (1, 1 << 30)


def test_a_node_on_which_the_same_functions_take_longer_is_told():
    lives = [columns([1.0 if n else 3.0] * 30, host=f"node{n}", element=n) for n in range(4)]
    functions = together(one.summary for one in lives)
    assert [round(one.pace, 2) for one in by_host(lives, {"node9": 1}, functions)] == [0.0, 0.5, 1.5, 1.5, 1.5]
    assert "2.0 times as long" in advised(lives)["--exclude node0"]


def test_too_much_memory_is_told_with_what_is_enough():
    found = advised([columns([1000.0], peak=500 << 20)])
    assert found["--mem 768M"] == "2G was 4.1 times what was used, 500M at most."


def test_memory_that_was_nearly_full_is_told():
    assert "nearly full" in advised([columns([1000.0], peak=2000 << 20)])["--mem 2560M"]


def test_time_that_nobody_needs_and_time_that_hardly_suffices_are_told():
    assert "10m" in advised([columns([600.0])])["--time 15m"]
    assert "may not end in time" in advised([columns([6000.0])])["--time 2h30m"]
    assert not any("--time" in option for option in advised([columns([2000.0] * 2)]))


def test_cores_that_sleep_and_threads_that_crowd_are_told():
    four = dataclasses.replace(ASKED, cpus=4)
    assert "--workers 4" in advised([columns([1000.0])], four)["--cpus 1"]
    assert "3.0 cores busy" in advised([columns([1000.0], cores=3.0)])["--cpus 3"]


def test_elements_that_waited_or_hardly_ran_are_told():
    waited = [
        columns([1000.0], element=0),
        columns([100.0], rest=900.0, element=1),
        columns([10.0], rest=990.0, element=2),
    ]
    assert "37%" in advised(waited)["--array 2"]
    assert "hardly longer than a start" in advised([columns([5.0], element=n) for n in range(40)])["--array 2"]


def test_elements_that_found_nothing_are_told_once_all_is_over():
    lives = [columns([1000.0], element=1)]
    assert "--array 1" not in advised(lives)
    over = dataclasses.replace(ASKED, is_over=True)
    assert advised(lives, over)["--array 1"] == "of 2 elements 1 found a task to run."


def test_what_functions_ask_for_themselves_is_measured_by_and_said_of_these():
    plain, large = columns([30.0] * 9, element=0), columns([30.0] * 9, element=1, name="mod.large")
    asked = dataclasses.replace(ASKED, memory=1 << 30)
    only = {0: "default", 1: "cpus=4,mem=64G"}
    classes = by_class(asked, [plain, large], only)
    assert [(one.name, one.asked.cores, one.asked.memory >> 30) for one in classes] == [
        ("cpus=4,mem=64G", 4, 64), ("", asked.cores, 1),
    ]  # fmt: skip
    found = advice(asked, by_element([plain, large]), [], {}, 0, classes)
    about_large = [one for one in found if "mod.large" in one.option]
    assert about_large[0].option.startswith("--resources 'mod.large:mem=")
    assert "64G was " in about_large[0].words
    assert not any(one.option.startswith("--mem ") and "64G" in one.words for one in found)


def test_what_was_well_asked_for_needs_no_advice():
    well = dataclasses.replace(ASKED, memory=1280 << 20, time=3600.0)
    assert advised([columns([1000.0] * 2, element=n) for n in range(2)], well) == {}


def test_tasks_that_are_shorter_than_their_own_keeping_are_told():
    found = advice(None, [], [], {"mod.tiny": Sums(100_000, 0, 0.5)}, 0)
    assert "5 us" in found[0].words


@pytest.fixture
def site(tmp_path):
    (tmp_path / "jugfile.py").write_text("")
    target = Target(tmp_path / "jugfile.py", Folder(tmp_path / "jugfile.jugdata"))
    return Site(target, Settings(), OsClock(), lambda line: None, tmp_path, still_lease)


def keep(store, lives):
    for one in lives:
        store.keep_measures(one.summary.life, encode(one.rows()))


def test_an_account_needs_a_store_and_a_submission_of_that_number(site):
    with pytest.raises(JugdirError, match="nothing to report"):
        account(site)
    site.make(1)
    with pytest.raises(JugdirError, match="no submission 7"):
        account(site, 7)


def test_failures_are_looked_for_where_any_task_failed(site):
    store = site.make(1)
    store.fail(Failure(b"x" * 16, "mod.f", "ValueError: no", "", "life", "node1", "", 1e9))
    found = account(site)
    assert (found.failed, [str(one) for one in found.failures]) == (1, ["1 x ValueError: no, first in mod.f"])


def test_an_account_adds_up(site):
    lives = [columns([10.0] * 3, element=n, peak=(n + 1) << 30) for n in range(2)]
    keep(site.make(1), lives)
    found = account(site)
    assert (found.tasks, found.busy, found.time, found.cpu, found.until - found.begun) == (6, 60.0, 60.0, 60.0, 30.0)
    assert found.core_hours == pytest.approx(60 / 3600)
    assert found.memory == {"mod.f": {31: 3, 32: 3}}
    assert Pace().beat == site.store().pace.beat


def test_the_amounts_of_a_timeline_never_go_below_nothing():
    rng = np.random.default_rng(7)
    lives = [columns(rng.lognormal(0, 2, 50).tolist(), element=n, late=float(n)) for n in range(20)]
    when = timeline(lives, ["mod.f"])
    assert when is not None
    assert min(when.ended.min(), when.workers.min(), when.busy.min()) >= 0
    assert when.ended.sum() == pytest.approx(1000)
