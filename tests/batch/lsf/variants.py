"""The scheduler of LSF, each time wrong in one way in which somebody's own might be. The contract must catch them all.

`CAUGHT` says by which of its tests; more of them may fail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from jughpc.batch.causes import Why
from jughpc.batch.directives import Directive
from jughpc.batch.lsf import Lsf
from jughpc.batch.lsf_answers import rows
from jughpc.batch.scheduler import ElementId, Job, JobId, Names, Refusal, Reply, State, Status
from jughpc.errors import SchedulerError, SubmitError


class FirstLine(Lsf):
    """Takes the first line for the one with the id, though a banner may stand above it."""

    def parse_submit(self, reply: Reply) -> JobId:
        found = re.findall(r"\d+", (reply.stdout.splitlines() or [""])[0])
        if reply.code or not found:
            raise SubmitError(reply.argv, reply.code, reply.stderr)
        return str(found[0])


class AnyNumber(Lsf):
    """Takes any answer for an acceptance."""

    def parse_submit(self, reply: Reply) -> JobId:
        return next(iter(re.findall(r"\d+", reply.stdout)), "0")


class AbsentIsOver(Lsf):
    """Takes what is not mentioned for what has ended."""

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        over = {ElementId(job, index): Status(State.DONE) for job in jobs for index in range(4)}
        return over | dict(super().parse_poll(reply, jobs))


class SilenceIsEmpty(Lsf):
    """Takes no answer for an answer that tells of nothing."""

    def answered(self, reply: Reply) -> str:
        return reply.stdout


class NoNames(Lsf):
    """Believes an id without its name."""

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        return {ElementId(job, index): status for job, index, _, status in rows(reply.stdout) if job in jobs}


class FullIsNo(Lsf):
    """Takes a full queue for a refusal."""

    refusals: ClassVar[Mapping[Refusal, str]] = {
        meaning: text for meaning, text in Lsf.refusals.items() if meaning is not Refusal.FULL
    }


class GoneIsTrouble(Lsf):
    """Takes the end of what is over for an error."""

    refusals: ClassVar[Mapping[Refusal, str]] = {Refusal.GONE: "is not found"} | {
        meaning: text for meaning, text in Lsf.refusals.items() if meaning is not Refusal.GONE
    }


def told(change):
    """Return how a variant reads a poll: each status as `change` makes it, given the row's words."""

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        lines = reply.stdout.splitlines()
        pairs = zip(lines, Lsf.parse_poll(self, reply, jobs).items(), strict=False)
        return {element: change(line.split("|"), status) for line, (element, status) in pairs}

    return parse_poll


class UnknownIsDone(Lsf):
    """Takes a state that it has never heard of for a good end."""

    parse_poll = told(
        lambda row, now: replace(now, state=State.DONE) if now.state is State.UNKNOWN and row[2] != "UNKWN" else now
    )


class SignalIsDone(Lsf):
    """Looks at an exit code's lower bits only, as if it were a wait status."""

    parse_poll = told(lambda row, now: replace(now, state=State.DONE, why=Why) if row[3] == "137" else now)


class FromZero(Lsf):
    """Counts an array's elements from 0, where the system counts from 1."""

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        found = super().parse_poll(reply, jobs)
        return {replace(element, index=max(element.index - 1, 0)): status for element, status in found.items()}


class LastOfAll(Lsf):
    """Gives all elements the state of the last."""

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        found = super().parse_poll(reply, jobs)
        return {element: list(found.values())[-1] for element in found}


class NoThrottle(Lsf):
    """Lets an option vanish."""

    def directives(self, job: Job) -> list[Directive]:
        return super().directives(replace(job, throttle=None))


class Unquoted(Lsf):
    """Writes a script as if there were no blanks and quotes."""

    def script_line(self, directive: Directive) -> str:
        return f"#BSUB {' '.join(directive.words)}"


class AllOfIt(Lsf):
    """Ends a whole array where elements that wait are to be withdrawn."""

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        return self.cancel_commands(jobs)


class AnyOwner(Lsf):
    """Reads an owner of another system's as one of its own."""

    def element(self, owner: str) -> ElementId | None:
        match = re.search(r"(\d+)_(\d+)", owner)
        return ElementId(match[1], int(match[2])) if match else None


class Trusting(Lsf):
    """Finds a job whatever it is called."""

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        if reply.code and self.refusal(reply) is not Refusal.GONE:
            raise SchedulerError(reply.stderr)
        return [job for job, *_ in rows(reply.stdout)]

    def find_command(self, name: str) -> list[str]:
        return ["bjobs", "-a"]


CAUGHT: dict[type[Lsf], str] = {
    FirstLine: "test_the_id_is_read_below_a_banner",
    AnyNumber: "test_a_submission_that_failed_or_was_mute_has_no_id",
    AbsentIsOver: "test_garbage_is_no_answer",
    SilenceIsEmpty: "test_a_poll_without_an_answer_says_nothing",
    NoNames: "test_a_job_that_has_an_id_of_ours_and_another_name_is_somebody_elses",
    FullIsNo: "test_a_system_that_is_full_or_busy_is_asked_again",
    GoneIsTrouble: "test_to_end_what_is_over_is_no_error",
    UnknownIsDone: "test_each_word_for_a_state_is_understood_and_others_are_unknown",
    SignalIsDone: "test_an_end_is_no_other_end",
    FromZero: "test_each_element_has_the_state_that_is_told_of_it_alone",
    LastOfAll: "test_each_element_has_the_state_that_is_told_of_it_alone",
    NoThrottle: "test_each_thing_that_is_asked_for_is_said",
    Unquoted: "test_the_script_says_the_same_as_the_command",
    AllOfIt: "test_elements_that_wait_are_withdrawn_by_the_commands_that_name_their_jobs",
    AnyOwner: "test_an_element_learns_who_it_is",
    Trusting: "test_a_job_is_found_by_its_name",
}
