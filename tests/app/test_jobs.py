"""What becomes of elements, as the scheduler and the store tell it together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.app.status.elements import Jobs, by_number, elements, groups
from jughpc.batch import submissions
from jughpc.batch.causes import Cause, Why
from jughpc.batch.cluster import Cluster, Poll
from jughpc.batch.scheduler import Role, State, Status, Workload
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import Accepted, ElementOptions
from jughpc.fs import OsClock, OsFiles
from jughpc.store.record import ALIVE, DIED, Record

TOKEN = "0a1b2c3d"
LIFE = f"{TOKEN}-0-0-node1-46-d620d2b7"


def unasked(argv):
    raise AssertionError(f"nobody was to run {argv}")


@pytest.fixture
def jobs(tmp_path):
    """Return what makes a submission of one element, given the scheduler's word on it."""
    submission = submissions.draft(
        OsFiles(tmp_path), OsClock(), tmp_path,
        scheduler="slurm", workload=Workload(("work",), 1, "a"), options=ElementOptions(tmp_path),
    )  # fmt: skip
    submission = replace(submission, token=TOKEN)
    array = Accepted(Role.ARRAY, "1", "a-1-0", 1, 0, "0-array.sh")
    cluster = Cluster(Slurm(), unasked, unasked, OsClock())
    return lambda *word: Jobs(submission, cluster, [array], Poll(elements=dict(enumerate(word))))


def record(state, worker=0):
    return Record(
        life=LIFE, host="node1", space="s", pid=46, started=1, user="ada", submission=TOKEN, element=0, state=state,
        worker=worker,
    )  # fmt: skip


FAILED = Status(State.FAILED, "NonZeroExitCode")
TIMEOUT = Status(State.FAILED, "TIMEOUT", why=Why(Cause.TIME_LIMIT, "met its time limit"))


def test_an_element_whose_worker_ended_in_order_is_done_though_it_left_work(jobs):
    assert elements(jobs(FAILED), [], [LIFE]) == {State.DONE: 1}


def reasons(jobs, *stored):
    return [group.words for group in groups(jobs, by_number(jobs, *stored))]


def test_such_an_element_is_not_told_among_those_that_failed(jobs):
    assert reasons(jobs(FAILED), [], [LIFE]) == []
    assert reasons(jobs(FAILED), [record(DIED)], []) == ["NonZeroExitCode"]


def test_an_element_that_met_its_time_limit_has_failed_though_its_worker_ended_in_order(jobs):
    assert elements(jobs(TIMEOUT), [], [LIFE]) == {State.FAILED: 1}
    assert reasons(jobs(TIMEOUT), [], [LIFE]) == ["met its time limit"]


def test_an_element_whose_worker_died_has_failed(jobs):
    assert elements(jobs(FAILED), [record(DIED)], []) == {State.FAILED: 1}


def test_an_element_that_never_had_a_worker_has_failed(jobs):
    assert elements(jobs(FAILED), [], []) == {State.FAILED: 1}


def test_an_element_of_several_workers_runs_while_one_of_them_lives(jobs):
    silent = replace(jobs(), trouble="it hangs")
    assert elements(silent, [record(ALIVE, 1), record(DIED, 2)], [LIFE]) == {State.RUNNING: 1}
    assert elements(silent, [record(DIED, 1), record(ALIVE, 2)], []) == {State.RUNNING: 1}


def test_an_element_of_several_workers_of_which_one_died_is_what_the_scheduler_says_or_else_done(jobs):
    assert elements(jobs(), [record(DIED, 2)], [LIFE]) == {State.DONE: 1}
    assert elements(jobs(FAILED), [record(DIED, 2)], [LIFE]) == {State.FAILED: 1}


def test_an_element_of_several_workers_that_all_died_has_failed(jobs):
    assert elements(jobs(), [record(DIED, 1), record(DIED, 2)], []) == {State.FAILED: 1}


def test_while_the_scheduler_is_silent_the_store_tells_who_runs(jobs):
    assert elements(replace(jobs(), trouble="it hangs"), [record(ALIVE)], []) == {State.RUNNING: 1}


def test_an_element_that_the_scheduler_does_not_know_any_more_is_not_shown_as_running(jobs):
    assert elements(jobs(), [record(ALIVE)], []) == {State.UNKNOWN: 1}


def test_the_store_tells_how_elements_ended_that_the_scheduler_does_not_know(jobs):
    assert elements(jobs(), [record(DIED)], []) == {State.FAILED: 1}
    assert elements(jobs(), [], [LIFE]) == {State.DONE: 1}
