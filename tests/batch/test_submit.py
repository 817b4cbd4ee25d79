"""How submissions are queued, and how they go wrong: with a stand-in that remembers what it accepted."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest

from jughpc.batch import ends, journal, shell, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.ends import End
from jughpc.batch.journal import Never
from jughpc.batch.plan import DependentJob, plan
from jughpc.batch.scheduler import Limits, Role, State, Workload
from jughpc.batch.shell import SignalledError
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.batch.submitter import Submitter
from jughpc.errors import (
    CommandMissingError,
    CommandTimeoutError,
    FullError,
    JugdirError,
    NumberTakenError,
    SchedulerError,
    SubmitError,
    TemplateError,
)
from jughpc.fs import OsFiles

DEPENDENTS = [DependentJob(Role.COLLECT, ("collect",)), DependentJob(Role.REDUCE, ("reduce",))]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def submitter(tmp_path, clock, slurm, told) -> Submitter:
    return Submitter(Cluster(Slurm(), slurm, slurm, clock), OsFiles(tmp_path), told.append)


@pytest.fixture
def submission(submitter, tmp_path) -> Submission:
    drafted = submissions.draft(
        submitter.files,
        submitter.cluster.clock,
        tmp_path,
        scheduler="slurm",
        workload=Workload(("python", "work.py"), 8, "primes"),
        options=ElementOptions(tmp_path),
        limits=Limits(8),
    )
    return submissions.prepare(submitter.files, drafted)


def through(submitter, run) -> Submitter:
    """Return the submitter with other ears and hands."""
    return replace(submitter, cluster=replace(submitter.cluster, ask=run, order=run))


def some(size: int) -> Workload:
    """Return so many elements more."""
    return Workload(("python", "work.py"), size, "primes")


def planned(submitter, submission, dependents=DEPENDENTS):
    return plan(submission, submitter.cluster.scheduler, dependents)


def test_array_collector_and_reduce_are_queued_each_after_the_one_before(submitter, submission, slurm):
    accepted = submitter.submit(submission, planned(submitter, submission))
    assert [(job.role, job.id) for job in accepted] == [(Role.ARRAY, "1"), (Role.COLLECT, "2"), (Role.REDUCE, "3")]
    dependencies = [[word for word in argv if word.startswith("--dep")] for argv in slurm.commands]
    assert dependencies == [[], ["--dependency=afterany:1"], ["--dependency=afterok:2"]]


def test_a_collector_waits_for_every_array(submitter, submission, slurm):
    large = replace(submission, workload=replace(submission.workload, size=20))
    submitter.submit(large, planned(submitter, large))
    assert "--dependency=afterany:1:2:3" in slurm.commands[3]


def test_what_was_accepted_is_recorded_with_its_script(submitter, submission):
    accepted = submitter.submit(submission, planned(submitter, submission))
    assert journal.accepted(submitter.files, submission) == accepted
    scripts = [submission.folder / job.script for job in accepted]
    assert {script.stat().st_mode & 0o777 for script in scripts} == {0o700}  # a line of setup may hold a password


def test_a_job_that_was_accepted_in_silence_is_adopted_and_not_queued_twice(submitter, submission, slurm, told):
    slurm.plan = ["hang"]
    assert submitter.submit(submission, planned(submitter, submission))[0].id == "1"
    assert len(slurm.queue) == 3
    assert "did not answer within 150 s" in told[0]


def test_a_command_that_cannot_be_started_for_a_while_is_waited_for(submitter, submission, slurm, told):
    slurm.plan = ["unstarted", "unstarted"]
    assert submitter.submit(submission, planned(submitter, submission))[0].id == "1"
    assert len(slurm.queue) == 3
    assert "sbatch could not be started: Too many open files" in told[0]


def test_a_job_that_arrives_only_after_the_first_look_is_not_queued_twice(submitter, submission, slurm):
    slurm.plan, slurm.late = ["late"], 1
    submitter.submit(submission, planned(submitter, submission, []))
    assert (len(slurm.queue), slurm.count("sbatch")) == (1, 1)


def test_an_accepted_job_whose_id_cannot_be_read_is_found_by_its_name(submitter, submission, slurm):
    slurm.plan = ["mute"]
    assert submitter.submit(submission, planned(submitter, submission, []))[0].id == "1"
    assert slurm.count("sbatch") == 1


def test_a_busy_scheduler_is_asked_again_with_growing_pauses(submitter, submission, slurm, clock):
    slurm.plan = ["busy", "busy"]
    submitter.submit(submission, planned(submitter, submission, []))
    assert (len(slurm.queue), slurm.count("sbatch")) == (1, 3)
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] > clock.slept[0]


def test_a_full_queue_is_waited_for_and_that_is_said(submitter, submission, slurm, told):
    slurm.plan = ["full", "full"]
    submitter.submit(submission, planned(submitter, submission, []))
    assert (len(slurm.queue), slurm.count("sbatch")) == (1, 3)
    assert "AssocMaxSubmitJobLimit" in told[0]
    assert "Waiting for jobs to end, then trying again; ^C ends that" in told[0]


def test_several_jobs_are_together_waited_for_no_longer_than_was_said(submitter, submission, slurm, clock):
    patient = replace(submitter, cluster=submitter.cluster.waiting(1000.0))
    slurm.plan = [*["full"] * 10, "accept", *["full"] * 1000]
    with pytest.raises(FullError):
        patient.submit(submission, planned(submitter, submission, DEPENDENTS))
    assert 600 < clock.time <= 1000


def test_a_queue_that_stays_full_is_given_up_in_time(submitter, submission, slurm, clock):
    slurm.plan = ["full"] * 1000
    with pytest.raises(FullError, match=r"(?s)AssocMaxSubmitJobLimit.*nothing was queued"):
        submitter.submit(submission, planned(submitter, submission, []))
    assert clock.time <= submitter.cluster.patience
    assert slurm.queue == {}
    assert submissions.numbers(submitter.files) == []  # there is no doubt, so nothing of it is kept


def test_who_breaks_off_the_wait_for_room_takes_back_what_was_queued(submitter, submission, slurm, told):
    def run(argv):
        if argv[0] == "squeue" and interrupts:
            raise interrupts.pop()
        return slurm(argv)

    interrupts, slurm.plan = [KeyboardInterrupt()], ["accept", "full"]
    with pytest.raises(KeyboardInterrupt):
        through(submitter, run).submit(submission, planned(submitter, submission))
    assert "^C ends that" in told[0]
    assert told[1].startswith("Queued before it and cancelled again: 1")
    assert slurm.states == {"1": "CANCELLED"}


def test_a_look_that_fails_is_no_proof_that_nothing_was_queued(submitter, submission, slurm):
    slurm.plan, slurm.deaf = ["hang"], 3
    submitter.submit(submission, planned(submitter, submission, []))
    assert len(slurm.queue) == 1


def test_a_look_that_fails_between_two_counts_for_none_of_them(submitter, submission, slurm):
    slurm.plan, slurm.late, slurm.deaf = ["late"], 1, 1
    submitter.submit(submission, planned(submitter, submission, []))
    assert slurm.count("sbatch") == 1


def test_a_scheduler_that_stays_silent_is_given_up_with_the_name_to_look_for(submitter, submission, slurm, clock):
    slurm.plan, slurm.deaf = ["hang"], 1000
    with pytest.raises(SchedulerError, match=rf"may have been queued.*squeue .*-n primes-{submission.token}-0"):
        submitter.submit(submission, planned(submitter, submission))
    assert clock.time <= submitter.cluster.patience


def test_a_submission_in_doubt_is_kept_and_marked(submitter, submission, slurm):
    slurm.plan, slurm.deaf = ["hang"], 1000
    with pytest.raises(SchedulerError):
        submitter.submit(submission, planned(submitter, submission))
    assert submissions.is_cancelled(submitter.files, submission)


def test_a_refused_submission_leaves_nothing_behind(submitter, submission, slurm, tmp_path):
    slurm.plan = ["refuse"]
    with pytest.raises(SubmitError, match="Invalid partition name specified"):
        submitter.submit(submission, planned(submitter, submission))
    assert slurm.commands[1:] == []
    assert list((tmp_path / "submissions").iterdir()) == []


def test_a_refusal_names_the_script(submitter, submission, slurm):
    slurm.plan = ["refuse"]
    with pytest.raises(SubmitError) as error:
        submitter.submit(submission, planned(submitter, submission))
    assert shlex.quote(f"{submission.folder}/0-array.sh") in str(error.value)


def test_jobs_queued_before_a_refusal_are_cancelled_and_that_is_said(submitter, submission, slurm):
    slurm.plan = ["accept", "refuse"]
    with pytest.raises(
        SubmitError, match=r"Invalid partition name specified\nQueued before it and cancelled again: 1\."
    ):
        submitter.submit(submission, planned(submitter, submission))
    assert slurm.states == {"1": "CANCELLED"}
    assert submissions.is_cancelled(submitter.files, submission)


def test_jobs_that_could_not_be_cancelled_are_named(submitter, submission, slurm):
    slurm.plan, slurm.deaf = ["accept", "refuse"], 1000
    with pytest.raises(
        SubmitError, match=r"NOT cancelled: 1\. scancel --name=\S+ 1 exited with 8: .*Unable to contact"
    ):
        submitter.submit(submission, planned(submitter, submission))


def test_an_interrupted_submission_takes_back_what_was_queued(submitter, submission, slurm):
    slurm.plan = ["accept", "interrupt"]
    with pytest.raises(KeyboardInterrupt):
        submitter.submit(submission, planned(submitter, submission))
    assert slurm.states["1"] == "CANCELLED"
    assert submissions.is_cancelled(submitter.files, submission)


def test_a_script_that_does_not_render_is_no_submission(submitter, submission, slurm, tmp_path):
    bad = replace(submission, options=replace(submission.options, setup=("a\nb",)))
    with pytest.raises(TemplateError):
        submitter.submit(bad, planned(submitter, bad))
    assert slurm.commands == []
    assert list((tmp_path / "submissions").iterdir()) == []


def test_without_the_schedulers_commands_nothing_is_left_behind(submitter, submission, tmp_path):
    lonely = through(submitter, partial(shell.run, env={"PATH": "/nonexistent"}))
    with pytest.raises(CommandMissingError, match="sbatch: no such command here"):
        lonely.submit(submission, planned(submitter, submission))
    assert list((tmp_path / "submissions").iterdir()) == []


def test_a_job_that_somebody_gave_up_meanwhile_is_cancelled(submitter, submission, slurm):
    def run(argv):
        if argv[0] == "sbatch":
            journal.settle_as(submitter.files, submission, "0-array", Never("it was not there"))
        return slurm(argv)

    with pytest.raises(SchedulerError, match="given it up"):
        through(submitter, run).submit(submission, planned(submitter, submission))
    assert slurm.states == {"1": "CANCELLED"}


def test_a_job_whose_submission_was_cancelled_meanwhile_is_cancelled(submitter, submission, slurm):
    def run(argv):
        if argv[0] == "sbatch":
            submissions.mark_cancelled(submitter.files, submission)
        return slurm(argv)

    with pytest.raises(SchedulerError, match="somebody else had cancelled it"):
        through(submitter, run).submit(submission, planned(submitter, submission))
    assert slurm.states == {"1": "CANCELLED"}


def test_a_job_that_ended_and_was_forgotten_is_known_by_its_own_word_and_not_queued_twice(submitter, submission, slurm):
    def run(argv):
        reply = slurm(argv)
        if argv[0] == "sbatch":
            path = ends.path_of(submission, "0-array", 3)
            ends.tell(submitter.files, path, End("slurm:1_3.0", 0, State.DONE))
            slurm.queue.clear()
            raise CommandTimeoutError(argv, 150.0)
        return reply

    (job,) = through(submitter, run).submit(submission, planned(submitter, submission, []))
    assert (job.id, slurm.count("sbatch")) == ("1", 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SignalledError(1), SignalledError(15)])
def test_a_signal_takes_back_what_was_queued_and_that_is_said(submitter, submission, slurm, told, error):
    def run(argv):
        reply = slurm(argv)
        if slurm.count("sbatch") == 2 and argv[0] == "sbatch":
            raise error
        return reply

    with pytest.raises(type(error)):
        through(submitter, run).submit(submission, planned(submitter, submission))
    assert slurm.states == {"1": "CANCELLED", "2": "CANCELLED"}
    assert told == ["Queued before it and cancelled again: 1, 2."]
    assert submissions.is_over(submitter.files, submission)


def test_a_signal_while_more_is_added_leaves_the_submission_as_it_was(submitter, submission, slurm):
    submitter.submit(submission, planned(submitter, submission))
    slurm.plan = ["accept", "interrupt"]
    with pytest.raises(KeyboardInterrupt):
        submitter.submit_more(submission, some(3), DEPENDENTS)
    assert slurm.states == {**dict.fromkeys("123", "PENDING"), **dict.fromkeys("45", "CANCELLED")}
    assert not submissions.is_cancelled(submitter.files, submission)


@pytest.mark.parametrize("call", range(3))
def test_of_two_who_add_to_a_submission_neither_takes_back_what_the_other_queued(submitter, submission, slurm, call):
    submitter.submit(submission, planned(submitter, submission))
    others = []

    def run(argv):  # between two calls of ours another adds, too, and takes the number that ours meant to have
        if slurm.count("sbatch") == 3 + call and not others:
            others.append(submitter.submit_more(submission, some(2)))
        return slurm(argv)

    with suppress(NumberTakenError):
        through(submitter, run).submit_more(submission, some(3), DEPENDENTS)
    (other,) = others[0]
    assert slurm.states[other.id] == "PENDING"
    assert other.name not in journal.taken_back(submitter.files, submission)


def test_a_job_alone_has_the_number_that_was_free_when_it_was_looked(submitter, submission, slurm):
    submitter.submit(submission, planned(submitter, submission))
    with pytest.raises(NumberTakenError):
        submitter.submit_alone(submission, DEPENDENTS[1:], 2)
    (reduce,) = submitter.submit_alone(submission, DEPENDENTS[1:], 3)
    assert (reduce.script, slurm.states[reduce.id]) == ("3-reduce.sh", "PENDING")
    assert "CANCELLED" not in slurm.states.values()


def test_nothing_is_added_to_a_submission_whose_record_is_damaged(submitter, submission, slurm):
    submitter.submit(submission, planned(submitter, submission))
    with pytest.raises(JugdirError, match="cut off"):
        submitter.submit_more(replace(submission, damage="It was cut off."), some(3))
    assert slurm.count("sbatch") == 3


def test_more_elements_are_added_to_a_submission(submitter, submission, slurm):
    submitter.submit(submission, planned(submitter, submission))
    (more,) = submitter.submit_more(submission, some(3))
    assert (more.role, more.offset, more.size, more.script) == (Role.ARRAY, 8, 3, "3-array.sh")
    assert journal.elements(journal.accepted(submitter.files, submission)) == 11
    assert "export JUGHPC_ELEMENTS=11" in (submission.folder / more.script).read_text()


def test_more_elements_that_are_refused_leave_the_submission_as_it_was(submitter, submission, slurm):
    before = submitter.submit(submission, planned(submitter, submission))
    slurm.plan = ["refuse"]
    with pytest.raises(SubmitError):
        submitter.submit_more(submission, some(3))
    assert journal.accepted(submitter.files, submission) == before
    assert "CANCELLED" not in slurm.states.values()
    assert not submissions.is_cancelled(submitter.files, submission)


def test_a_script_of_a_refused_job_is_not_in_the_way_of_the_next(submitter, submission, slurm):
    submitter.submit(submission, planned(submitter, submission, []))
    slurm.plan = ["refuse"]
    with pytest.raises(SubmitError):
        submitter.submit_more(submission, some(3))
    assert submitter.submit_more(submission, some(3))[0].script == "2-array.sh"


STAND_IN = """#!/bin/sh
queue={queue}
case $0 in
*squeue) [ ! -e $queue ] || cat $queue ;;
*)
    for word; do case $word in --job-name=*) echo "41|PENDING|${{word#*=}}|None" >>$queue ;; esac; done
    exec sleep 60 ;;
esac
"""


def test_a_command_that_accepts_and_then_hangs_is_stopped_and_its_job_adopted(submitter, submission, tmp_path):
    queue, path = tmp_path / "bin" / "queue", f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    for name in ("sbatch", "squeue"):
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(STAND_IN.format(queue=queue))
        command.chmod(0o755)
    patience = 1.0  # [s] which both have to begin, on a machine with much else to do
    real = through(submitter, partial(shell.run, timeout=patience, env={"PATH": path}))
    (job,) = real.submit(submission, planned(submitter, submission, []))
    assert job.id == "41"
    assert len(queue.read_text().splitlines()) == 1
