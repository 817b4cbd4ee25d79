"""LSF, in the words of its documentation: nobody ever saw these tests' answers from a real one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch.causes import Cause
from jughpc.batch.lsf import Lsf
from jughpc.batch.scheduler import Condition, Dependency, ElementId, Limits, Refusal, Reply, Resources, State, Status
from jughpc.testing.schedulercontract import ARRAY, NAME, Sayings, SchedulerContract

GOLDEN = Path(__file__).parent / "golden.txt"


def answer(text: str, code: int = 0, error: str = "") -> Reply:
    return Reply(("bjobs",), code, text, error)


def row(job: str, index: int, word: str, code: str = "-", reason: str = "-", waits: str = "-", name: str = NAME) -> str:
    called = f"{name}[{index}]" if index else name
    return f"{job}|{index}|{word}|{code}|4*hostA:hostB|{called}|{reason}|{waits}\n"


def polled(job: str, told: dict[int, str]) -> Reply:
    return answer("".join(row(job, index, word) for index, word in told.items()))


def status(*told: str) -> Status:
    return Lsf().parse_poll(answer(row("12", 0, *told)), {"12": NAME})[ElementId("12", 0)]


class TestLsf(SchedulerContract):
    @staticmethod
    def numbered(pattern: str, index: int) -> str:
        return pattern.replace("^index^", str(index))

    @pytest.fixture
    def scheduler(self) -> Lsf:
        return Lsf()

    @pytest.fixture
    def sayings(self) -> Sayings:
        return Sayings(
            plain="12", array="13",
            accepted=lambda job: answer(f"Job <{job}> is submitted to default queue <normal>.\n"),
            polled=polled,
            words={
                "PEND": State.QUEUED, "WAIT": State.QUEUED, "PSUSP": State.STUCK, "RUN": State.RUNNING,
                "USUSP": State.RUNNING, "SSUSP": State.RUNNING, "DONE": State.DONE, "EXIT": State.FAILED,
                "UNKWN": State.UNKNOWN, "ZOMBI": State.UNKNOWN,
            },
            found=lambda name, job: answer(row(job, 0, "PEND", name=name)),
            nothing=answer("", 255, "Job <primes-1a2b-0> is not found\n"),
            silent=answer("", 255, "LSF is down. Please wait ...\n"),
            environment=lambda job, index: {"LSB_JOBID": job, "LSB_JOBINDEX": str(index or 0)},
            refusals={
                answer("", 255, "Cannot connect to LSF. Please wait ..."): Refusal.RETRY,
                answer("", 255, "User <ada>: Pending job threshold reached. Job not submitted."): Refusal.FULL,
                answer("", 255, "Job <12>: No matching job found"): Refusal.GONE,
                answer("", 255, "Job <12>: Job has already finished"): Refusal.GONE,
            },
            queued=[answer("Job <12> is submitted to queue <long>.\n")],
            ended={
                answer(row("12", 0, "DONE", "0")): State.DONE,
                answer(row("12", 0, "EXIT", "137")): State.FAILED,
                answer(row("12", 0, "EXIT", "143", "TERM_OWNER: job killed by owner.")): State.CANCELLED,
            },
            partial=polled("12", {0: "RUN"}),
            golden=GOLDEN,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("TERM_RUNLIMIT: job killed after reaching LSF run time limit.", Cause.TIME_LIMIT),
        ("TERM_MEMLIMIT: job killed after reaching LSF memory usage limit.", Cause.OUT_OF_MEMORY),
        ("TERM_ADMIN: job killed by root or LSF administrator.", Cause.USER),
        ("TERM_PREEMPT: job killed after preemption.", Cause.PREEMPTED),
    ],
)
def test_why_a_job_was_ended_is_told_in_words(reason, cause):
    found = status("EXIT", "140", reason)
    assert (found.why and found.why.cause, found.reason) == (cause, f"exit code 140, {reason}")


def test_what_can_never_start_is_stuck():
    never = "Job's dependency condition invalid or never satisfied;"
    assert (status("PEND", "-", "-", never).state, status("PEND").state) == (State.STUCK, State.QUEUED)


def test_a_job_that_bjobs_does_not_know_is_absent_and_heard_of():
    reply = answer(row("12", 0, "RUN"), 255, "Job <13> is not found\n")
    jobs = {"12": NAME, "13": "other"}
    assert set(Lsf().parse_poll(reply, jobs)) == {ElementId("12", 0)}
    assert Lsf().unheard(reply, jobs) == []


def test_an_array_may_have_as_many_elements_as_bparams_tells():
    told = "lsb.params configuration at Wed Nov 4 10:00:00 2026\n\tMAX_JOB_ARRAY_SIZE = 1000\n\tCLEAN_PERIOD = 3600\n"
    assert Lsf().parse_limits(answer(told)) == Limits(1000, {"MAX_JOB_ARRAY_SIZE": "1000", "CLEAN_PERIOD": "3600"})


@pytest.mark.parametrize(("seconds", "said"), [(5400.0, "01:30"), (5401.0, "01:31"), (30.0, "00:01")])
def test_a_walltime_is_said_in_minutes_and_never_less(seconds, said):
    asked = replace(ARRAY, resources=Resources(walltime=seconds))
    assert ["-W", said] in [directive.words for directive in Lsf().directives(asked)]


def test_jobs_that_are_waited_for_are_one_condition():
    job = replace(ARRAY, depends_on=Dependency(Condition.AFTER_ANY, ("1", "2")), after=("3",))
    command = Lsf().submit_command(job)
    assert command[command.index("-w") + 1] == "ended(1) && ended(2) && done(3)"
