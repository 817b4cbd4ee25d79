"""What a status says, checked against the truth: no ended element runs, no failure is done, no unknown is either."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from jughpc.app.status import followers
from jughpc.app.status.report import Report
from jughpc.batch.scheduler import Role, State, Status
from jughpc.batch.submissions import Accepted
from jughpc.cli.output.status import as_dict
from jughpc.testing.cluster.board import Board
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.mine import ours
from jughpc.testing.cluster.model import Element, End, Phase, SimJob
from jughpc.testing.cluster.systems import Systems

_IN_ORDER = (1, 3)  # exit codes of workers that met tasks which failed, or had no time for another
_FAILURES = (End.FAILED, End.TIMEOUT, End.OUT_OF_MEMORY, End.NODE_FAIL, End.PREEMPTED)
_LIVE = (State.QUEUED, State.RUNNING, State.STUCK)


@dataclass(frozen=True)
class Told:
    """What is said of one element of a job.

    Attributes:
        index: The scheduler's own.
    """

    job: Accepted
    index: int
    status: Status


def told_of(report: Report) -> Iterator[Told]:
    """Yield all that a report says of jobs and elements."""
    if (jobs := report.jobs) is None:
        return
    for number, status in jobs.poll.elements.items():
        for job in jobs.accepted:
            if job.role is Role.ARRAY and 0 <= number - job.offset < job.size:
                yield Told(job, number - job.offset, status)
    for role, status in jobs.poll.dependents.items():
        if follower := followers.latest(jobs, role):
            yield Told(follower, 0, status)


@dataclass(frozen=True)
class Since:
    """How things were when a status began to look.

    Attributes:
        time: When that was [s].
        tasks: How many were done, and failed.
    """

    time: float
    tasks: tuple[int, int]


@dataclass(frozen=True)
class Hearing:
    """Hears what is said of jobs, elements and tasks.

    Attributes:
        blame: Takes the way in which something was not so, and what was said.
        reduced: Returns how often all of it was reduced: one script reduces all submissions.
    """

    engine: Engine
    board: Board
    systems: Systems
    blame: Callable[[str, str], None]
    reduced: Callable[[], int]

    def now(self) -> Since:
        """Return how things are now."""
        return Since(self.engine.time, self.board.counts())

    def hear(self, report: Report, since: Since) -> None:
        """Check a report that was made from `since` to now."""
        self._hear_states(report, since.time)
        self._hear_tasks(report, since.tasks)
        self._hear_counts(report, since.time)
        self._hear_code(report)

    def _hear_states(self, report: Report, since: float) -> None:
        for one in told_of(report):
            job = self._named(one)
            element = job.elements.get(one.index) if job else None
            wrong = self._wrong(element, one.status.state, since) if element else "what never was is shown"
            if wrong and job and job.over and job.ended + self.engine.rules.keep < since:
                wrong = "a stranger's job is shown as ours"  # the system had forgotten it, and spoke of another
            if wrong:
                self.blame(wrong, f"{one.job.role.value} {one.job.id}, element {one.index}: {one.status}")

    def _hear_tasks(self, report: Report, before: tuple[int, int]) -> None:
        told = as_dict(report)["tasks"]
        for key, earlier, now in zip(("complete", "failed"), before, self.board.counts(), strict=True):
            if not (earlier <= told[key] or key == "failed") or told[key] > now:  # a submit forgets failures
                self.blame(f"status tells the wrong number of {key} tasks", f"{told[key]}, not {earlier} to {now}")

    def _hear_counts(self, report: Report, since: float) -> None:
        if report.jobs is None or report.jobs.trouble or report.jobs.poll.silent:
            return
        told, number = as_dict(report)["submission"]["elements"], report.jobs.submission.number
        arrays = [job for job in self._ours() if (mine := ours(job)) and mine.role is Role.ARRAY]
        found = [one for job in arrays if self._number(job) == number for one in job.elements.values()]
        running = sum(one.runs > 0 and (not one.over or one.ended >= since) for one in found)
        done = sum(one.end is End.COMPLETED or (one.end is End.FAILED and one.code in _IN_ORDER) for one in found)
        if told[State.RUNNING.value] > running:
            self.blame("more elements are counted as running than run", f"{told}, and {running} run")
        if told[State.DONE.value] > done:
            self.blame("more elements are counted as done than ended in order", f"{told}, and {done} did")

    def _hear_code(self, report: Report) -> None:
        if report.is_well and not self.board.all_done:
            self.blame("status ends with 0 though tasks are left", str(as_dict(report)["tasks"]))
        if (
            report.is_well
            and report.jobs
            and not report.jobs.cancelled
            and (bad := self._failed_follower(report.jobs.submission.number))
        ):
            self.blame(f"status ends with 0 though {bad}", str(as_dict(report)["tasks"]))

    def _number(self, job: SimJob) -> int:
        mine = ours(job)
        return mine.submission if mine else 0

    def _failed_follower(self, number: int) -> str:
        """Return which follower of a submission did not end well, the latest of each kind, "" if none."""
        if self.reduced():
            return ""
        some = [(mine.role, job) for job in self._ours() if (mine := ours(job)) and mine.submission == number]
        going_on = {role for role, job in some if not job.over}
        latest = {role: job for role, job in some if job.begun or not job.over or role not in going_on}
        bad = [role.value for role, job in latest.items() if role is not Role.ARRAY and job.over and not job.well]
        return f"the {bad[0]} did not end well" if bad else ""

    def _wrong(self, element: Element, state: State, since: float) -> str:
        """Return in what way a state that was told is not so, "" if it may have been."""
        end = element.end
        if state in _LIVE and element.over and element.ended < since:
            return "what has ended is shown as " + state.value
        if state is State.STUCK and element.phase is Phase.RUNNING and element.started < since:
            return "what runs is shown as stuck"
        if state.ended and end is None:
            return f"what goes on is shown as {state.value}"
        if state is State.DONE and end is not End.COMPLETED and not element.told:
            return f"{end and end.value} is shown as done"
        if state is State.FAILED and end not in _FAILURES:
            return f"{end and end.value} is shown as failed"
        if state is State.CANCELLED and end is not End.CANCELLED:
            return f"{end and end.value} is shown as cancelled"
        return ""

    def _named(self, told: Told) -> SimJob | None:
        """Return the job that is told of, by its number and its name."""
        number = re.split(r"[\[.;]", told.job.id)[0]
        found = [job for job in self._ours() if str(job.number) == number and job.ask.name == told.job.name]
        return found[-1] if found else None

    def _ours(self) -> list[SimJob]:
        return [job for job in self.systems.history if ours(job)]
