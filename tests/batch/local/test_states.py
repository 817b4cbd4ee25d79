"""What a poll tells while one supervisor makes room for the next: nothing of it is a death."""

from __future__ import annotations

import pytest

from jughpc import host
from jughpc.batch.local import folder
from jughpc.batch.local.folder import LocalJob
from jughpc.batch.local.states import latest_supervisor, record_text, statuses
from jughpc.batch.scheduler import State
from jughpc.fs import OsClock, OsFiles
from jughpc.host import Process

GONE = Process(2**22 + 1, 1)  # beyond the greatest pid that Linux gives


class ListedBefore(OsFiles):
    """A folder of which the first listing is older than a name in it."""

    def __init__(self, path, unseen):
        super().__init__(path)
        self.unseen = {unseen}

    def names(self, path):
        unseen, self.unseen = self.unseen, set()
        return [name for name in super().names(path) if name not in unseen]


@pytest.fixture
def place(tmp_path):
    return tmp_path / "local"


def publish(place, job_id="0123abcd"):
    job = LocalJob(job_id, "a", str(place.parent / "a.sh"), str(place / "log"), 1)
    folder.publish(OsFiles(place.parent / "index"), job)
    return job_id


def sign_on(place, generation, process):
    OsFiles(place).write(f"supervisor.{generation}", [record_text(process)])


def close(place, generation):
    OsFiles(place).write(f"supervisor.{generation}.closed", [])


def states(files, job):
    return [status.state for status in statuses(files, job, OsClock())]


def test_a_job_that_comes_while_a_supervisor_looks_its_last_is_queued(place):
    job = publish(place)
    sign_on(place, 1, host.myself())
    close(place, 1)
    assert states(OsFiles(place), job) == [State.QUEUED]


def test_a_supervisor_that_is_closed_and_gone_leaves_a_job_stuck(place):
    job = publish(place)
    sign_on(place, 1, GONE)
    close(place, 1)
    assert states(OsFiles(place), job) == [State.STUCK]


def test_a_supervisor_that_signed_on_since_the_listing_counts(place):
    job = publish(place)
    sign_on(place, 1, GONE)
    sign_on(place, 2, host.myself())
    assert states(ListedBefore(place, "supervisor.2"), job) == [State.QUEUED]


@pytest.mark.parametrize("process", [host.myself(), GONE])
def test_one_that_is_closed_is_not_counted_on_to_see_a_further_job(place, process):
    publish(place)
    sign_on(place, 1, process)
    close(place, 1)
    assert not latest_supervisor(OsFiles(place), OsClock()).takes_jobs
