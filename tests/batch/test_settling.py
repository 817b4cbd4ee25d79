"""What whoever comes next does for a submission that was left half queued or half cancelled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.batch import ends, journal, settling, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.ends import End
from jughpc.batch.journal import Intent
from jughpc.batch.scheduler import Role, State, Workload
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.errors import SchedulerError
from jughpc.fs import OsFiles


@pytest.fixture
def files(tmp_path) -> OsFiles:
    return OsFiles(tmp_path)


@pytest.fixture
def cluster(slurm, clock) -> Cluster:
    return Cluster(Slurm(), slurm, slurm, clock)


@pytest.fixture
def submission(files, clock, tmp_path) -> Submission:
    work, options = Workload(("work",), 4, "primes"), ElementOptions(tmp_path)
    drafted = submissions.draft(files, clock, tmp_path, scheduler="slurm", workload=work, options=options)
    return submissions.prepare(files, replace(drafted, token="1a2b"))


@pytest.fixture
def intent(files, submission, clock) -> Intent:
    """Return what somebody was about to queue when he died."""
    found = Intent(Role.ARRAY, "primes-1a2b-0", 4, 0, "0-array.sh", (), "slurm", clock.wall())
    journal.record_intent(files, submission, found)
    return found


def test_where_nothing_is_open_no_command_is_run(cluster, files, submission, intent, slurm):
    journal.record_accepted(files, submission, intent.accepted("7"))
    settled = settling.settle(cluster, files, submission)
    assert [*settled.adopted, *settled.open, settled.trouble] == [""]
    assert slurm.commands == []


def test_a_job_that_was_queued_and_not_recorded_is_adopted(cluster, files, submission, intent, slurm):
    slurm.queue["7"] = intent.name
    assert settling.settle(cluster, files, submission).adopted == [intent.accepted("7")]
    assert journal.accepted(files, submission) == [intent.accepted("7")]


def test_a_young_intent_that_is_not_found_stays_open_for_somebody_may_be_queuing_it(
    cluster, files, submission, intent, slurm
):
    assert settling.settle(cluster, files, submission).open == [intent]
    slurm.queue["7"] = intent.name
    assert settling.settle(cluster, files, submission).adopted == [intent.accepted("7")]


def test_an_old_intent_that_is_absent_twice_in_a_row_never_was(cluster, files, submission, intent, clock, slurm):
    clock.time += settling.LONGEST_SUBMIT + 1
    assert settling.settle(cluster, files, submission).open == []
    assert journal.accepted(files, submission) == []
    assert slurm.count("squeue") == 2


def test_one_absence_is_not_enough(cluster, files, submission, intent, clock, slurm):
    clock.time += settling.LONGEST_SUBMIT + 1
    slurm.on_its_way, slurm.late = [intent.name], 1
    assert settling.settle(cluster, files, submission).adopted == [intent.accepted("1")]


def test_a_scheduler_that_is_silent_leaves_it_open_and_is_named(cluster, files, submission, intent, slurm, clock):
    clock.time += settling.LONGEST_SUBMIT + 1
    slurm.deaf = 99
    settled = settling.settle(cluster, files, submission)
    assert settled.open == [intent]
    assert intent.name in settled.trouble


def test_a_job_that_ended_and_was_forgotten_is_adopted_by_its_own_word(cluster, files, submission, intent, slurm):
    ends.tell(files, ends.path_of(submission, "0-array", 2), End("slurm:9_2.0", 1, State.FAILED))
    assert settling.settle(cluster, files, submission).adopted == [intent.accepted("9")]
    assert slurm.commands == []


def test_all_submissions_are_settled_whichever_is_asked_for(cluster, files, submission, intent, tmp_path, slurm):
    submissions.prepare(files, replace(submission, token="2b3c"))
    slurm.queue["7"] = intent.name
    assert list(settling.settle_all(files, tmp_path, lambda _: cluster)) == [1, 2]
    assert submissions.is_over(files, submissions.load(files, tmp_path, 2))  # of which nothing was queued
    assert settling.settle_all(files, tmp_path, lambda _: cluster) == {}


@pytest.mark.parametrize("text", [b"", b"{}", b'{"role": "array"'])
def test_a_job_whose_record_was_damaged_is_found_again_by_its_name(
    cluster, files, submission, intent, tmp_path, slurm, text
):
    slurm.queue["7"] = intent.name
    files.save(f"{submission.path}/0-array.json", [text])
    assert list(settling.settle_all(files, tmp_path, lambda _: cluster)) == [1]
    assert journal.accepted(files, submission) == [intent.accepted("7")]


def test_a_cancel_that_the_scheduler_did_not_answer_is_finished_by_whoever_comes_next(
    cluster, files, submission, intent, slurm, tmp_path
):
    slurm.queue["7"] = intent.name
    journal.record_accepted(files, submission, intent.accepted("7"))
    slurm.deaf = 1
    with pytest.raises(SchedulerError, match=r"is being cancelled: scancel .*\n.*next `jughpc status`"):
        settling.cancel(cluster, files, submission)
    assert (submissions.is_cancelled(files, submission), submissions.is_over(files, submission)) == (True, False)
    slurm.deaf = 0
    settling.settle_all(files, tmp_path, lambda _: cluster)
    assert slurm.states == {"7": "CANCELLED"}
    assert submissions.is_over(files, submission)


def test_a_cancel_finds_and_ends_what_was_queued_and_not_recorded(cluster, files, submission, intent, slurm):
    slurm.queue["7"] = intent.name
    assert settling.cancel(cluster, files, submission) == [intent.accepted("7")]
    assert slurm.states == {"7": "CANCELLED"}


def test_a_cancel_spares_a_strangers_job_that_has_our_id_by_now(cluster, files, submission, intent, slurm):
    journal.record_accepted(files, submission, intent.accepted("7"))
    slurm.queue["7"], slurm.states["7"] = "somebody-elses", "RUNNING"
    settling.cancel(cluster, files, submission)
    assert slurm.states == {"7": "RUNNING"}


def test_what_is_withdrawn_ends_alone_and_by_whoever_comes_next(cluster, files, submission, intent, slurm):
    other = replace(intent, role=Role.REDUCE, name="primes-1a2b-1", script="1-reduce.sh", size=1)
    slurm.queue |= {"7": intent.name, "8": other.name}
    journal.record_accepted(files, submission, intent.accepted("7"))
    journal.record_accepted(files, submission, other.accepted("8"))
    slurm.deaf = 1
    assert "Unable to contact" in settling.withdraw(cluster, files, submission, [other.accepted("8")])
    slurm.deaf = 0
    assert settling.settle(cluster, files, submission).trouble == ""
    assert slurm.states == {"8": "CANCELLED"}
    before = len(slurm.commands)
    settling.settle(cluster, files, submission)
    assert len(slurm.commands) == before
