"""Flux, in the words of its documentation: nobody ever saw these tests' answers from a real one."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.batch import flux_answers
from jughpc.batch.causes import Cause
from jughpc.batch.clusters import Clusters
from jughpc.batch.flux import Flux
from jughpc.batch.plan import plan
from jughpc.batch.scheduler import (
    Condition,
    Dependency,
    ElementId,
    Limits,
    Refusal,
    Reply,
    Resources,
    State,
    Status,
    Workload,
)
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.errors import SchedulerError, SettingError
from jughpc.fs import OsClock
from jughpc.testing.schedulercontract import NAME, Sayings, SchedulerContract
from jughpc.testing.schedulers.sayings import array_of
from tests.foreign import FOREIGN, lacking, paths_of, replaced

GOLDEN = Path(__file__).parent / "golden.txt"
PRINTED = {"91088924704768": "ƒiFkbMhFM", "91093387444224": "ƒiFsPiQD5"}  # RFC 19: one number, in two forms
PLAIN, OTHER = PRINTED


def answer(text: str, code: int = 0, error: str = "") -> Reply:
    return Reply(("flux",), code, text, error)


def job(number: str, word: str, **more: object) -> dict[str, object]:
    return {"id": int(number), "name": NAME, "status": word, "urgency": 16, **more}


def polled(number: str, told: dict[int, str]) -> Reply:
    jobs = [job(number, word) for word in told.values()]
    return answer(json.dumps(jobs[0] if len(jobs) == 1 else {"jobs": jobs}))


def status(word: str, **more: object) -> Status:
    return Flux().parse_poll(answer(json.dumps(job(PLAIN, word, **more))), {PLAIN: NAME})[ElementId(PLAIN, 0)]


class TestFlux(SchedulerContract):
    @staticmethod
    def numbered(pattern: str, index: int) -> str:
        return pattern

    @pytest.fixture
    def scheduler(self) -> Flux:
        return Flux()

    @pytest.fixture
    def sayings(self) -> Sayings:
        return Sayings(
            plain=PLAIN, array=OTHER,
            accepted=lambda number: answer(f"{PRINTED[number]}\n"),
            polled=polled,
            words={
                "DEPEND": State.QUEUED, "PRIORITY": State.QUEUED, "SCHED": State.QUEUED, "RUN": State.RUNNING,
                "CLEANUP": State.RUNNING, "COMPLETED": State.DONE, "FAILED": State.FAILED, "TIMEOUT": State.FAILED,
                "CANCELED": State.CANCELLED,
            },
            found=lambda name, number: answer(json.dumps({"jobs": [job(number, "SCHED", name=name)]})),
            nothing=answer('{"jobs": []}\n'),
            silent=answer("", 1, "flux-jobs: ERROR: Unable to connect to Flux: broker socket was not found\n"),
            environment=lambda number, index: {"FLUX_JOB_ID": PRINTED[number]},
            refusals={
                answer("", 1, "flux-submit: ERROR: Unable to connect to Flux"): Refusal.RETRY,
                answer("", 1, "flux-submit: ERROR: job submission is disabled: maintenance"): Refusal.RETRY,
                answer("", 1, "flux-submit: ERROR: [Errno 22] user has exceeded max-active-jobs"): Refusal.FULL,
                answer("", 1, f"flux-cancel: ERROR: {PRINTED[PLAIN]}: unknown job id"): Refusal.GONE,
                answer("", 1, f"flux-cancel: ERROR: {PRINTED[PLAIN]}: job is inactive"): Refusal.GONE,
            },
            queued=[answer(f"{PLAIN}\n"), answer("fiFkbMhFM\n")],
            ended={
                answer(json.dumps(job(PLAIN, "COMPLETED", returncode=0))): State.DONE,
                answer(json.dumps(job(PLAIN, "FAILED", returncode=-9))): State.FAILED,
                answer(json.dumps(job(PLAIN, "CANCELED", returncode=-128))): State.CANCELLED,
            },
            partial=answer(json.dumps({"jobs": [job(PLAIN, "RUN")]})),
            golden=GOLDEN,
        )  # fmt: skip


WHOLE = {"jobs": [job(PLAIN, "RUN", nodelist="node1", returncode=0), job(OTHER, "FAILED", returncode=1)]}


@pytest.mark.parametrize("path", list(paths_of(WHOLE)), ids=str)
def test_an_answer_with_a_foreign_field_tells_of_no_other_job_and_ends_in_no_traceback(path):
    answers = [lacking(WHOLE, path), *(replaced(WHOLE, path, value) for value in FOREIGN)]
    jobs = {PLAIN: NAME, OTHER: NAME}
    for told in map(json.dumps, answers):
        for parse in (lambda told=told: Flux().parse_poll(answer(told), jobs), lambda told=told: found(told)):
            with suppress(SchedulerError):
                assert {element.job for element in parse()} <= jobs.keys()


def found(told: str) -> list[ElementId]:
    """Return the jobs that are found by their name, which is to tell nothing that is no id."""
    ids = Flux().parse_find(answer(told), NAME)
    assert all(map(Flux.capabilities.is_id, ids))
    return [ElementId(number, 0) for number in ids if number in PRINTED]


@pytest.mark.parametrize("number", PRINTED)
def test_an_id_is_one_number_however_it_is_printed(number):
    assert flux_answers.decimal(PRINTED[number]) == flux_answers.decimal(number) == number
    assert [flux_answers.decimal(text) for text in ("", "f", "f0O", "--all", "ƒ" + 13 * "z")] == [""] * 5


def test_a_job_that_flux_does_not_know_is_absent_and_heard_of():
    reply = answer(json.dumps(job(PLAIN, "RUN")), 1, f"JobID {OTHER} unknown\n")
    assert set(Flux().parse_poll(reply, {PLAIN: NAME, OTHER: "b"})) == {ElementId(PLAIN, 0)}
    assert Flux().unheard(reply, {PLAIN: NAME, OTHER: "b"}) == []


def test_a_job_of_no_urgency_is_held_and_one_that_met_its_limit_is_told_so():
    assert status("SCHED", urgency=0).state is State.STUCK
    late = status("TIMEOUT")
    assert (late.why and late.why.cause) is Cause.TIME_LIMIT


def test_each_element_is_a_job_of_its_own_and_a_throttle_lets_them_wait_for_one_another(tmp_path):
    cluster = Clusters(OsClock(), lambda scheduler, timeout: lambda argv: answer("4\n")).here("flux")
    options = ElementOptions(tmp_path, throttle=2)
    work = Workload(("work",), 5, "primes")
    submission = Submission(tmp_path, 1, "1a2b", "ada", "login", 0.0, "flux", work, options, limits=cluster.limits)
    jobs = plan(submission, cluster.scheduler)
    assert [(one.size, one.offset) for one in jobs] == [(1, place) for place in range(5)]
    names = [one.name for one in jobs]
    assert [one.depends_on and one.depends_on.jobs for one in jobs] == [None, None, *((name,) for name in names[:3])]


def test_each_job_that_is_waited_for_is_a_dependency():
    waiting = replace(array_of(Flux()), depends_on=Dependency(Condition.AFTER_ANY, ("1", "2")), after=("3",))
    said = [word for word in Flux().submit_command(waiting) if word.startswith("--dependency")]
    assert said == ["--dependency=afterany:1", "--dependency=afterany:2", "--dependency=afterok:3"]


def test_memory_is_refused_by_the_option_that_asks_for_it():
    with pytest.raises(SettingError, match=r"4096M says nothing to it\. Leave --mem out"):
        Flux().directives(replace(array_of(Flux()), resources=Resources(memory=4 << 30)))


def test_hosts_and_features_are_one_constraint():
    asked = replace(array_of(Flux()), exclude=("node7", "node8"), resources=Resources(constraint="ib"))
    assert ["--requires=ib -host:node7,node8"] in [directive.words for directive in Flux().directives(asked)]


@pytest.mark.parametrize(
    "words",
    [
        "flux-getattr: ERROR: Unable to connect to Flux: broker socket /run/flux/local was not found",
        'Error: unknown command "getattr" for "flux"',  # the tool for Kubernetes that has this name, too
    ],
)
def test_a_machine_of_no_instance_is_told_apart(words):
    assert Flux().absent(answer("", 1, words))
    assert Flux().parse_limits(answer("4\n")) == Limits(None, {"size": "4"})
