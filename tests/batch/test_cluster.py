"""How the jobs of a submission stand, and how they are ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch import journal, submissions, withdraw
from jughpc.batch.cluster import Cluster, Poll
from jughpc.batch.pbs import Pbs
from jughpc.batch.scheduler import Reply, Role, State, Status, Workload
from jughpc.batch.settling import cancel
from jughpc.batch.slurm import Slurm
from jughpc.batch.submissions import Accepted, ElementOptions, Submission
from jughpc.errors import JugdirError, SchedulerError
from jughpc.fs import OsClock, OsFiles

FIRST = Accepted(Role.ARRAY, "1", "a-1a2b-0", 3, 0, "0-array.sh")
COLLECT = Accepted(Role.COLLECT, "2", "a-1a2b-1", 1, 0, "1-collect.sh")
REDUCE = Accepted(Role.REDUCE, "3", "a-1a2b-2", 1, 0, "2-reduce.sh")
REPAIR = Accepted(Role.ARRAY, "4", "a-1a2b-3", 2, 3, "3-array.sh")


NAMES = {"1": "a-1a2b-0", "2": "a-1a2b-1", "3": "a-1a2b-2", "4": "a-1a2b-3", "5": "a-1a2b-4"}


def row(job: str, index: str, state: str, reason: str, host: str) -> str:
    """Return a line of squeue's."""
    return f"{job}|{index}|{state}|{NAMES[job]}|batch|1:00:00|N/A|{host}|{reason}"


def squeue(*lines: str):
    """Return a run that answers every command with these lines, and counts in `asked`."""
    asked = []

    def run(argv):
        asked.append(argv)
        return Reply(tuple(argv), 0, "".join(f"{line}\n" for line in lines), "")

    run.asked = asked
    return run


def of(run, scheduler=None) -> Cluster:
    """Return a cluster that is met through `run`."""
    return Cluster(scheduler or Slurm(), run, run, OsClock())


def on(jobs, run) -> Poll:
    return of(run).poll(jobs)


@pytest.fixture
def files(tmp_path: Path) -> OsFiles:
    return OsFiles(tmp_path)


@pytest.fixture
def submission(files, clock, tmp_path) -> Submission:
    drafted = submissions.draft(
        files,
        clock,
        tmp_path,
        scheduler="slurm",
        workload=Workload(("work",), 3, "a"),
        options=ElementOptions(tmp_path),
    )
    prepared = submissions.prepare(files, replace(drafted, token="1a2b"))
    for job in (FIRST, COLLECT, REDUCE):
        journal.record_accepted(files, prepared, job)
    return prepared


def test_elements_are_numbered_through_all_arrays():
    run = squeue(
        row("1", "0", "COMPLETED", "None", "n1"),
        row("1", "1", "RUNNING", "None", "n2"),
        row("4", "1", "PENDING", "Priority", ""),
    )
    found = on([FIRST, REPAIR], run).elements
    assert {number: replace(status, why=None) for number, status in found.items()} == {
        0: Status(State.DONE, "", "n1"),
        1: Status(State.RUNNING, "", "n2"),
        4: Status(State.QUEUED, "Priority"),
    }


def test_dependents_are_told_by_their_role():
    run = squeue(row("2", "N/A", "RUNNING", "None", "n1"), row("3", "N/A", "PENDING", "Dependency", ""))
    dependents = on([FIRST, COLLECT, REDUCE], run).dependents
    assert {role: status.state for role, status in dependents.items()} == {
        Role.COLLECT: State.RUNNING,
        Role.REDUCE: State.QUEUED,
    }


def test_a_reduce_that_another_took_the_place_of_is_not_told():
    later = Accepted(Role.REDUCE, "5", "a-1a2b-4", 1, 0, "4-reduce.sh")
    dependents = on([FIRST, REDUCE, later], squeue(row("3", "N/A", "CANCELLED", "None", ""))).dependents
    assert dependents == {}


def test_a_line_for_a_whole_array_speaks_for_those_that_are_not_named():
    run = squeue(row("1", "1", "RUNNING", "None", "n1"), row("1", "N/A", "CANCELLED", "None", ""))
    states = {number: status.state for number, status in on([FIRST], run).elements.items()}
    assert states == {0: State.CANCELLED, 1: State.RUNNING, 2: State.CANCELLED}


def test_what_the_scheduler_does_not_mention_is_absent():
    assert on([FIRST, COLLECT], squeue()) == Poll()


def test_one_command_is_enough():
    run = squeue()
    on([FIRST, COLLECT, REDUCE, REPAIR], run)
    assert len(run.asked) == 1


def test_without_jobs_the_scheduler_is_left_alone():
    run = squeue()
    assert on([], run) == Poll()
    assert run.asked == []


def test_elements_that_wait_are_withdrawn_and_those_that_run_go_on():
    asked = []

    def run(argv):
        asked.append(argv)
        lines = [row("1", "0", "RUNNING", "None", "n1"), row("1", "1", "PENDING", "Resources", "")]
        return Reply(tuple(argv), 0, "".join(f"{line}\n" for line in lines) if argv[0] == "squeue" else "", "")

    assert of(run).withdraw([FIRST, REPAIR]) == []
    assert asked[1:] == [["scancel", "--name=a-1a2b-0", "--state=PENDING", "1"]]


def test_where_nothing_waits_nothing_is_withdrawn():
    run = squeue(row("1", "0", "RUNNING", "None", "n1"), row("1", "1", "COMPLETED", "None", "n2"))
    assert of(run).withdraw([FIRST]) == []
    assert len(run.asked) == 1


def test_a_withdrawal_that_is_refused_is_told():
    def run(argv):
        is_poll = argv[0] == "squeue"
        waits = row("1", "1", "PENDING", "None", "") + "\n"
        return Reply(tuple(argv), 0 if is_poll else 1, waits if is_poll else "", "no such luck")

    assert of(run).withdraw([FIRST]) == ["scancel --name=a-1a2b-0 --state=PENDING 1 exited with 1: no such luck"]


def test_only_arrays_are_withdrawn_and_the_submission_is_found_by_its_token(files, submission, tmp_path):
    waits = [row(job, index, "PENDING", "None", "") for job, index in (("1", "1"), ("2", "N/A"), ("3", "N/A"))]
    run = squeue(*waits)
    assert withdraw.withdraw(files, tmp_path, submission.token, lambda recorded: of(run)) == []
    assert run.asked[1:] == [["scancel", "--name=a-1a2b-0", "--state=PENDING", "1"]]
    with pytest.raises(JugdirError, match=r"no submission in .* has the token '00000000'"):
        withdraw.withdraw(files, tmp_path, "00000000", lambda recorded: of(run))


def test_of_one_array_no_other_is_withdrawn(files, submission, tmp_path):
    journal.record_accepted(files, submission, REPAIR)
    run = squeue(*(row(job, "1", "PENDING", "None", "") for job in ("1", "4")))
    assert withdraw.withdraw(files, tmp_path, submission.token, lambda recorded: of(run), "3-array") == []
    assert run.asked[1:] == [["scancel", "--name=a-1a2b-3", "--state=PENDING", "4"]]


def test_an_array_is_withdrawn_once_and_that_says_nothing_of_others(files, submission):
    assert [withdraw.mark(files, submission.token, "0-array") for _ in range(2)] == [True, False]
    assert withdraw.marks(files, submission.token) == {"0-array"}


def test_a_submission_is_withdrawn_once(files, submission):
    assert withdraw.marks(files, submission.token) == set()
    assert [withdraw.mark(files, submission.token) for _ in range(3)] == [True, False, False]
    assert withdraw.marks(files, submission.token) == {""}
    assert submissions.numbers(files) == [submission.number]


def test_all_jobs_are_cancelled_and_those_that_wait_for_others_first(files, submission, slurm):
    done = cancel(of(slurm), files, submission)
    assert slurm.commands == [["scancel", f"--name=a-1a2b-{int(job) - 1}", job] for job in "321"]
    assert [job.id for job in done] == ["3", "2", "1"]
    assert submissions.is_cancelled(files, submission)


def test_an_array_that_a_collector_adds_meanwhile_is_cancelled_too(files, submission, slurm):
    def run(argv):
        if not slurm.commands:
            journal.record_accepted(files, submission, REPAIR)
        return slurm(argv)

    cancel(of(run), files, submission)
    assert slurm.states == dict.fromkeys("1234", "CANCELLED")


def test_a_scheduler_that_cannot_be_reached_is_named_and_asked_once(files, submission, slurm):
    slurm.deaf = 1
    with pytest.raises(
        SchedulerError, match=r"scancel --name=a-1a2b-2 3 exited with 8: .*Unable to contact slurm controller"
    ):
        cancel(of(slurm), files, submission)
    assert len(slurm.commands) == 1


def test_a_command_that_does_not_answer_is_named_and_nobody_waits_for_others_that_would_not(files, submission):
    asked = []

    def run(argv):
        asked.append(argv)
        raise SchedulerError("scancel did not answer")

    with pytest.raises(SchedulerError, match="scancel did not answer"):
        cancel(of(run), files, submission)
    assert len(asked) == 1


def test_jobs_that_are_over_already_are_no_failure_and_the_others_are_still_ended(files, submission, recorded):
    asked = []

    def run(argv):
        asked.append(argv)
        if argv[0] == "qselect":
            ids = {name: job for job, name in NAMES.items()}
            return Reply(tuple(argv), 0, f"{ids[argv[-1]]}.pbs01\n", "")
        return recorded("openpbs/qdel-unknown" if argv[1] == "3" else "openpbs/qdel-array-running")

    cancel(of(run, Pbs()), files, submission)
    assert asked[3:] == [["qdel", "3"], ["qdel", "2"], ["qdel", "1"]]


def test_where_an_id_may_be_another_jobs_one_is_looked_for_by_its_name_twice_before_it_is_ended(clock):
    asked = []

    def run(argv):
        asked.append(argv)
        return Reply(tuple(argv), 0, "9.pbs01\n" if argv[0] == "qselect" else "", "")

    assert Cluster(Pbs(), run, run, clock).cancel([FIRST]) == []
    assert asked == [["qselect", "-N", "a-1a2b-0"]] * 2
