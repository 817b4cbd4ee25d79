"""How submissions are queued, and how they go wrong: with a stand-in that remembers what it accepted."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from functools import partial

import pytest

from jughpc.batch import shell, submissions
from jughpc.batch.plan import Follower, plan
from jughpc.batch.scheduler import Limits, Role, Workload
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import Options, Submission
from jughpc.batch.submitter import Desk, submit, submit_more
from jughpc.errors import CommandMissingError, SchedulerError, SubmitError, TemplateError
from jughpc.fs import OsFiles

FOLLOWERS = [Follower(Role.COLLECT, ("collect",)), Follower(Role.REDUCE, ("reduce",))]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def desk(tmp_path, clock, cluster, told) -> Desk:
    return Desk(OsFiles(tmp_path), clock, Slurm(), cluster, told.append)


@pytest.fixture
def submission(desk, tmp_path) -> Submission:
    drafted = submissions.draft(
        desk.files,
        desk.clock,
        tmp_path,
        scheduler="slurm",
        workload=Workload(("python", "work.py"), 8, "primes"),
        options=Options(tmp_path),
        limits=Limits(8),
    )
    return submissions.prepare(desk.files, drafted)


def planned(desk, submission, followers=FOLLOWERS):
    return plan(submission, desk.scheduler, followers)


def test_array_collector_and_reduce_are_queued_each_after_the_one_before(desk, submission, cluster):
    accepted = submit(desk, submission, planned(desk, submission))
    assert [(job.role, job.id) for job in accepted] == [(Role.ARRAY, "1"), (Role.COLLECT, "2"), (Role.REDUCE, "3")]
    dependencies = [[word for word in argv if word.startswith("--dep")] for argv in cluster.commands]
    assert dependencies == [[], ["--dependency=afterany:1"], ["--dependency=afterok:2"]]


def test_a_collector_waits_for_every_array(desk, submission, cluster):
    large = replace(submission, workload=replace(submission.workload, size=20))
    submit(desk, large, planned(desk, large))
    assert "--dependency=afterany:1:2:3" in cluster.commands[3]


def test_what_was_accepted_is_recorded_with_its_script(desk, submission):
    accepted = submit(desk, submission, planned(desk, submission))
    assert submissions.accepted(desk.files, submission) == accepted
    scripts = [submission.folder / job.script for job in accepted]
    assert all(script.stat().st_mode & 0o111 for script in scripts)


def test_a_job_that_was_accepted_in_silence_is_adopted_and_not_queued_twice(desk, submission, cluster, told):
    cluster.plan = ["hang"]
    assert submit(desk, submission, planned(desk, submission))[0].id == "1"
    assert len(cluster.queue) == 3
    assert "did not answer within 150 s" in told[0]


def test_a_job_that_arrives_only_after_the_first_look_is_not_queued_twice(desk, submission, cluster):
    cluster.plan, cluster.late = ["late"], 1
    submit(desk, submission, planned(desk, submission, []))
    assert (len(cluster.queue), cluster.count("sbatch")) == (1, 1)


def test_an_accepted_job_whose_id_cannot_be_read_is_found_by_its_name(desk, submission, cluster):
    cluster.plan = ["mute"]
    assert submit(desk, submission, planned(desk, submission, []))[0].id == "1"
    assert cluster.count("sbatch") == 1


def test_a_busy_scheduler_is_asked_again_with_growing_pauses(desk, submission, cluster, clock):
    cluster.plan = ["busy", "busy"]
    submit(desk, submission, planned(desk, submission, []))
    assert (len(cluster.queue), cluster.count("sbatch")) == (1, 3)
    assert clock.slept == sorted(clock.slept)
    assert clock.slept[-1] > clock.slept[0]


def test_a_look_that_fails_is_no_proof_that_nothing_was_queued(desk, submission, cluster):
    cluster.plan, cluster.deaf = ["hang"], 3
    submit(desk, submission, planned(desk, submission, []))
    assert len(cluster.queue) == 1


def test_a_scheduler_that_stays_silent_is_given_up_with_the_name_to_look_for(desk, submission, cluster, clock):
    cluster.plan, cluster.deaf = ["hang"], 1000
    with pytest.raises(SchedulerError, match=rf"may have been queued.*squeue .*-n primes-{submission.token}-0"):
        submit(desk, submission, planned(desk, submission))
    assert clock.time <= desk.patience


def test_a_submission_in_doubt_is_kept_and_marked(desk, submission, cluster):
    cluster.plan, cluster.deaf = ["hang"], 1000
    with pytest.raises(SchedulerError):
        submit(desk, submission, planned(desk, submission))
    assert submissions.is_cancelled(desk.files, submission)


def test_a_refused_submission_leaves_nothing_behind(desk, submission, cluster, tmp_path):
    cluster.plan = ["refuse"]
    with pytest.raises(SubmitError, match="Invalid partition name specified"):
        submit(desk, submission, planned(desk, submission))
    assert cluster.commands[1:] == []
    assert list((tmp_path / "submissions").iterdir()) == []


def test_a_refusal_names_the_script(desk, submission, cluster):
    cluster.plan = ["refuse"]
    with pytest.raises(SubmitError) as error:
        submit(desk, submission, planned(desk, submission))
    assert shlex.quote(f"{submission.folder}/0-array.sh") in str(error.value)


def test_jobs_queued_before_a_refusal_are_cancelled_and_that_is_said(desk, submission, cluster):
    cluster.plan = ["accept", "refuse"]
    with pytest.raises(
        SubmitError, match=r"Invalid partition name specified\nQueued before it and cancelled again: 1\."
    ):
        submit(desk, submission, planned(desk, submission))
    assert cluster.states == {"1": "CANCELLED"}
    assert submissions.is_cancelled(desk.files, submission)


def test_jobs_that_could_not_be_cancelled_are_named(desk, submission, cluster):
    cluster.plan, cluster.deaf = ["accept", "refuse"], 1000
    with pytest.raises(SubmitError, match=r"NOT cancelled: 1\. scancel 1 exited with 8: .*Unable to contact"):
        submit(desk, submission, planned(desk, submission))


def test_an_interrupted_submission_takes_back_what_was_queued(desk, submission, cluster):
    cluster.plan = ["accept", "interrupt"]
    with pytest.raises(KeyboardInterrupt):
        submit(desk, submission, planned(desk, submission))
    assert cluster.states["1"] == "CANCELLED"
    assert submissions.is_cancelled(desk.files, submission)


def test_a_script_that_does_not_render_is_no_submission(desk, submission, cluster, tmp_path):
    bad = replace(submission, options=replace(submission.options, setup=("a\nb",)))
    with pytest.raises(TemplateError):
        submit(desk, bad, planned(desk, bad))
    assert cluster.commands == []
    assert list((tmp_path / "submissions").iterdir()) == []


def test_without_the_schedulers_commands_nothing_is_left_behind(desk, submission, tmp_path):
    lonely = replace(desk, run=partial(shell.run, env={"PATH": "/nonexistent"}))
    with pytest.raises(CommandMissingError, match="sbatch: no such command here"):
        submit(lonely, submission, planned(desk, submission))
    assert list((tmp_path / "submissions").iterdir()) == []


def test_a_job_that_cannot_be_recorded_is_cancelled(desk, submission, cluster):
    desk.files.write(f"{submission.path}/0-array.json", [b"{}"])
    with pytest.raises(FileExistsError):
        submit(desk, submission, planned(desk, submission))
    assert cluster.states == {"1": "CANCELLED"}


def test_more_elements_are_added_to_a_submission(desk, submission, cluster):
    submit(desk, submission, planned(desk, submission))
    (more,) = submit_more(desk, submission, 3)
    assert (more.role, more.offset, more.size, more.script) == (Role.ARRAY, 8, 3, "3-array.sh")
    assert submissions.elements(submissions.accepted(desk.files, submission)) == 11
    assert "export JUGHPC_ELEMENTS=11" in (submission.folder / more.script).read_text()


def test_more_elements_that_are_refused_leave_the_submission_as_it_was(desk, submission, cluster):
    before = submit(desk, submission, planned(desk, submission))
    cluster.plan = ["refuse"]
    with pytest.raises(SubmitError):
        submit_more(desk, submission, 3)
    assert submissions.accepted(desk.files, submission) == before
    assert "CANCELLED" not in cluster.states.values()
    assert not submissions.is_cancelled(desk.files, submission)


def test_a_script_of_a_refused_job_is_not_in_the_way_of_the_next(desk, submission, cluster):
    submit(desk, submission, planned(desk, submission, []))
    cluster.plan = ["refuse"]
    with pytest.raises(SubmitError):
        submit_more(desk, submission, 3)
    assert submit_more(desk, submission, 3)[0].script == "2-array.sh"


STAND_IN = """#!{python}
import pathlib, sys, time
queue = pathlib.Path(__file__).parent / "queue"
if sys.argv[0].endswith("squeue"):
    sys.stdout.write(queue.read_text() if queue.exists() else "")
else:
    name = next(word for word in sys.argv if word.startswith("--job-name=")).partition("=")[2]
    with queue.open("a") as file:
        file.write(f"41|PENDING|{{name}}|None\\n")
    time.sleep(60)
"""


def test_a_command_that_accepts_and_then_hangs_is_stopped_and_its_job_adopted(desk, submission, tmp_path):
    for name in ("sbatch", "squeue"):
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text(STAND_IN.format(python=sys.executable))
        command.chmod(0o755)
    real = replace(desk, run=partial(shell.run, timeout=1.0, env={"PATH": str(tmp_path / "bin")}))
    (job,) = submit(real, submission, planned(desk, submission, []))
    assert job.id == "41"
    assert len((tmp_path / "bin" / "queue").read_text().splitlines()) == 1
