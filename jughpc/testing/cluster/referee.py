"""What must hold in every history of a cluster, checked against the truth that no process of ours can see."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from jughpc.app.status.report import Report
from jughpc.batch.scheduler import Role, State
from jughpc.cli.output.status import as_dict
from jughpc.testing.cluster.board import Board
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Element, End, Phase, SimJob
from jughpc.testing.cluster.seat import Seat
from jughpc.testing.cluster.told import Told

Trace = Callable[[str], None]
"""Takes a line on what happens now."""

_SCRIPT = re.compile(r".*/submissions/(\d+)/(\d+)-(\w+)\.sh")
_IN_ORDER = (1, 3)  # exit codes of workers that met tasks which failed, or had no time for another
_FAILURES = (End.FAILED, End.TIMEOUT, End.OUT_OF_MEMORY, End.NODE_FAIL, End.PREEMPTED)
_TAKING_BACK = 45.0  # [s] after which nothing is left of what was taken back
_HANDING_OVER = 900.0  # [s] that one job may take to give way to the next, with a server that hangs meanwhile
_LIVE = (State.QUEUED, State.RUNNING, State.STUCK)


@dataclass(frozen=True)
class Blame:
    """One rule that was broken.

    Attributes:
        rule: Which of the five.
        kind: In what way, always in the same words.
        words: What happened, with the time.
    """

    rule: int
    kind: str
    words: str

    def __str__(self) -> str:
        return f"rule {self.rule}, {self.kind}: {self.words}"


@dataclass(frozen=True)
class Ours:
    """What a job of ours is, by its script."""

    submission: int
    ordinal: int
    role: Role


def ours(job: SimJob) -> Ours | None:
    """Return what a job of ours is, None if it is somebody else's."""
    match = _SCRIPT.fullmatch(job.ask.script)
    return Ours(int(match[1]), int(match[2]), Role(match[3])) if match else None


@dataclass(eq=False)
class Referee:
    """Watches what is queued, said and done.

    Attributes:
        blames: The rules that were broken.
        submitted: Submissions that a submit said it queued.
        ended: Submissions that somebody ended or meddled with by hand.
        reduced: How often each submission was reduced.
    """

    engine: Engine
    board: Board
    blames: list[Blame] = field(default_factory=list)
    submitted: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)
    reduced: Counter[int] = field(default_factory=Counter)
    _queued_by: dict[SimJob, Seat] = field(default_factory=dict)
    _outcomes: dict[Seat, str] = field(default_factory=dict)
    _heard: set[SimJob] = field(default_factory=set)
    _begun: dict[Seat, float] = field(default_factory=dict)

    def blame(self, rule: int, kind: str, words: str) -> None:
        """Take note that a rule was broken."""
        self.blames.append(Blame(rule, kind, f"t={self.engine.time:.1f}: {words}"))

    def queued(self, job: SimJob, seat: Seat, *, heard: bool) -> None:
        """Check a job that was just queued.

        Args:
            heard: Whether its process still waited for the answer.
        """
        mine = ours(job)
        if mine:
            self._check_second(seat, job, mine)
        self._queued_by[job] = seat
        if heard:
            self._heard.add(job)
        if mine:
            for other in self._ours():
                theirs = ours(other)
                if other is not job and not other.over and theirs and theirs.submission == mine.submission:
                    self._check_pair(seat, (job, mine), (other, theirs))

    def begins(self, seat: Seat) -> None:
        """Take note that a process of ours begins now."""
        self._begun[seat] = self.engine.time

    def queued_by(self, seat: Seat) -> set[int]:
        """Return the submissions of which a process queued something."""
        return {mine.submission for job, who in self._queued_by.items() if who is seat and (mine := ours(job))}

    def reduces(self, job: SimJob) -> None:
        """Check that a reduce that starts has what it waited for."""
        if not self.board.all_done:
            self.blame(3, "a reduce starts before all is done", self._story(job))

    def outcome(self, seat: Seat, how: str) -> None:
        """Take note how a process of ours ended."""
        self._outcomes[seat] = how
        if how == "refused":
            self.engine.stage.at(_TAKING_BACK, lambda: self._check_refusal(seat))

    def traceback(self, seat: Seat, error: Exception) -> None:
        """Take note that a process of ours ended by an error that is not meant for users."""
        kind = seat.name.partition("-")[0]
        self.blame(4, f"{kind} ends by a traceback", f"{seat.name}: {type(error).__name__}: {error}")

    def heard(self, told: Iterable[Told], since: float) -> None:
        """Check what a status says, which began to ask at `since`."""
        for one in told:
            job = self._named(one)
            element = job.elements.get(one.index) if job else None
            wrong = self._wrong(element, one.status.state, since) if element else "what never was is shown"
            if wrong and job and job.over and job.ended + self.engine.rules.keep < since:
                wrong = "a stranger's job is shown as ours"  # the system had forgotten it, and spoke of another
            if wrong:
                self.blame(4, wrong, f"{one.job.role.value} {one.job.id}, element {one.index}: {one.status}")

    def judge_found(self, recorded: set[str], since: float) -> None:
        """Check that a command which began at `since` found all jobs of ours, be their submitter dead or gone."""
        for job in self._ours():
            seat = self._queued_by.get(job)
            gone = seat is None or bool(seat.died) or seat in self._outcomes
            goes_on = any(element.dying is None for element in job.live())
            if gone and goes_on and job.submitted < since and job.ask.name not in recorded:
                self.blame(2, f"not found by status, {self._circumstance(job)}", self._story(job))

    def judge_tasks(self, report: Report, before: tuple[int, int]) -> None:
        """Check what a status says of tasks.

        Args:
            before: How many were done, and failed, when it began to look.
        """
        told = as_dict(report)["tasks"]
        for key, earlier, now in zip(("complete", "failed"), before, self.board.counts(), strict=True):
            if not (earlier <= told[key] or key == "failed") or told[key] > now:  # a submit forgets failures
                self.blame(4, f"status tells the wrong number of {key} tasks", f"{told[key]}, not {earlier} to {now}")
        if report.is_well and not self.board.all_done:
            self.blame(4, "status ends with 0 though tasks are left", str(told))
        if report.is_well and report.jobs and not report.jobs.cancelled and (bad := self._failed_follower(report.jobs.submission.number)):
            self.blame(4, f"status ends with 0 though {bad}", str(told))

    def judge_elements(self, report: Report, since: float) -> None:
        """Check how many elements a status counts as running and as done, which began to ask at `since`."""
        if report.jobs is None or report.jobs.trouble:
            return
        told, number = as_dict(report)["submission"]["elements"], report.jobs.submission.number
        arrays = [job for job in self._ours() if (mine := ours(job)) and mine.role is Role.ARRAY]
        found = [one for job in arrays if self._number(job) == number for one in job.elements.values()]
        running = sum(one.runs > 0 and (not one.over or one.ended >= since) for one in found)
        done = sum(one.end is End.COMPLETED or (one.end is End.FAILED and one.code in _IN_ORDER) for one in found)
        if told[State.RUNNING.value] > running:
            self.blame(4, "more elements are counted as running than run", f"{told}, and {running} run")
        if told[State.DONE.value] > done:
            self.blame(4, "more elements are counted as done than ended in order", f"{told}, and {done} did")

    def judge_wait(self, seat: Seat, number: int, code: int) -> None:
        """Check the exit code of who waited for a submission."""
        if not code and not self.reduced[number]:
            self.blame(4, "submit --wait ends with 0 though it was never reduced", f"{seat.name}: submission {number}")

    def _number(self, job: SimJob) -> int:
        mine = ours(job)
        return mine.submission if mine else 0

    def _failed_follower(self, number: int) -> str:
        """Return which follower of a submission did not end well, the latest of each kind, "" if none."""
        if self.reduced[number]:
            return ""
        latest = {mine.role: job for job in self._ours() if (mine := ours(job)) and mine.submission == number}
        bad = [role.value for role, job in latest.items() if role is not Role.ARRAY and job.over and not job.well]
        return f"the {bad[0]} did not end well" if bad else ""

    def judge_submit(self, seat: Seat, names: Sequence[tuple[str, str]], submission: int) -> None:
        """Check that what a submit says it queued is there; `names` are ids and names."""
        self.submitted.add(submission)
        truth = {(str(job.number), job.ask.name) for job in self._ours()}
        for job_id, name in names:
            if (re.split(r"[\[.;]", job_id)[0], name) not in truth:
                self.blame(4, "submit says that it queued what it did not", f"{seat.name}: {job_id} {name}")

    def judge_end(self) -> None:
        """Check how everything ended that was let run to its end."""
        for job in self._ours():
            mine = ours(job)
            if mine is None or job.over:
                continue
            if job.never:
                self.blame(3, f"a {mine.role.value} can never start", self._story(job))
            elif mine.role is Role.COLLECT and job.begun:
                self.blame(3, "a collector does not end", self._story(job))
        for number in sorted(self.submitted - self.ended):
            self._judge_submission(number)

    def judge_cancelled(self, number: int) -> None:
        """Check that nothing is left of a submission whose cancel was done a while ago."""
        for job in self._ours():
            mine = ours(job)
            if mine and mine.submission == number and not job.over:
                self.blame(2, f"goes on after its cancel, {self._circumstance(job)}", self._story(job))

    def judge_cancel(self, me: str) -> None:
        """Check that after a cancel of everything nothing of ours is left, and nothing else was ended."""
        for job in self._ours():
            if not job.over:
                self.blame(2, f"lives on after cancel, {self._circumstance(job)}", self._story(job))
        for job in self.engine.history:
            if ours(job) is None and any(element.by == me for element in job.elements.values()):
                self.blame(2, "a stranger's job was cancelled", f"{job.number} {job.ask.name}")

    def _check_pair(self, seat: Seat, new: tuple[SimJob, Ours], old: tuple[SimJob, Ours]) -> None:
        """Check a job that was just queued against one that goes on, both of one submission."""
        job, mine = new
        other, theirs = old
        words = f"{seat.name}: {other.number}, {job.number}"
        if mine == theirs:
            self.blame(1, f"the same {mine.role.value} is queued twice", words)
        elif mine.role is theirs.role is Role.ARRAY and not self._were_asked_for(seat, self._queued_by.get(other)):
            self.blame(1, "a further array is queued while one goes on", words)
        elif mine.role is theirs.role is not Role.ARRAY:
            self.engine.stage.at(_HANDING_OVER, lambda: self._check_still(job, other, f"two {mine.role.value}s go on"))

    def _were_asked_for(self, seat: Seat, other: Seat | None) -> bool:
        """Return whether a user asked for the arrays that these two queued."""
        return seat is other or any(one and one.name.startswith("more") for one in (seat, other))

    def _check_second(self, seat: Seat, job: SimJob, mine: Ours) -> None:
        """Check that who queues the first job of a submission was not to see another that went on."""
        if mine.submission in self.queued_by(seat) or seat.name.startswith(("again", "more", "collect")):
            return
        for other in self._ours():
            theirs = ours(other)
            seen = theirs and theirs.submission != mine.submission and other.submitted < self._begun.get(seat, 0.0)
            submitter = self._queued_by.get(other)
            if seen and other.live_on() and submitter and (submitter.died or submitter in self._outcomes):
                words = f"{seat.name}: {job.number} beside {self._story(other)}"
                self.blame(1, "a second submission is queued while one goes on", words)
                return

    def _check_refusal(self, seat: Seat) -> None:
        """Check that who said that nothing was queued, or that it was taken back, told the truth."""
        for job, who in self._queued_by.items():
            if who is seat and not job.over and job.submitted + _TAKING_BACK < self.engine.time:
                self.blame(4, "submit says that nothing is queued, and it is", self._story(job))

    def _check_still(self, job: SimJob, other: SimJob, kind: str) -> None:
        """Check that of two jobs of which one followed the other only one goes on."""
        if not any(one.over or one.never for one in (job, other)):
            self.blame(1, kind, f"{other.number}, {job.number}")

    def _judge_submission(self, number: int) -> None:
        times = self.reduced[number]
        if times > 1:
            self.blame(3, "reduced more than once", f"submission {number}: {times} times")
        why = self._why_left(number)
        if why.startswith("killed"):
            return  # nobody is left who could go on
        possible = {place for place, task in enumerate(self.board.tasks) if task.fate == "well"}
        if left := possible - self.board.done:
            self.blame(5, f"tasks are left, {why}", f"submission {number}: {sorted(left)}")
        elif self.board.all_done and not times and self._asked_for_reduce(number):
            self.blame(3, f"all is done and never reduced, {why}", f"submission {number}")

    def _asked_for_reduce(self, number: int) -> bool:
        return any(mine.role is Role.REDUCE and mine.submission == number for mine in map(ours, self._ours()) if mine)

    def _why_left(self, number: int) -> str:
        """Return how the last collector of a submission ended, which tells most."""
        mine = [job for job in self._ours() if (what := ours(job)) and what.submission == number]
        collectors = [job for job in mine if (what := ours(job)) and what.role is Role.COLLECT]
        if not collectors:
            return "no collector"
        ran = [job for job in collectors if job.begun or job.vanished]
        collectors = ran or collectors  # the others were withdrawn by who had queued them
        last = collectors[-1].elements[0]
        if not last.over:
            return "the collector has not ended"
        if collectors[-1].vanished:
            return "the collector was deleted unrun"
        if not last.runs:
            return "the collector never ran"
        if last.end is End.TIMEOUT:
            return "the collector met its time limit"
        if last.code < 0 or self._died(collectors[-1]):
            return "killed was the collector"
        if last.node and last.node.broken:
            return "the collector's node is broken"
        return f"the collector ended with code {last.code}"

    def _died(self, collector: SimJob) -> bool:
        """Return whether a signal ended a collector, handled or not."""
        seats = [seat for seat in self._outcomes if seat.name == f"collect-{collector.number}"]
        return any(seat.died or self._outcomes[seat] == "was interrupted" for seat in seats)

    def _wrong(self, element: Element, state: State, since: float) -> str:
        """Return in what way a state that was told is not so, "" if it may have been."""
        end = element.end
        if state in _LIVE and element.over and element.ended < since:
            return "what has ended is shown as " + state.value
        if state is State.STUCK and element.phase is Phase.RUNNING and element.started < since:
            return "what runs is shown as stuck"
        if state.ended and end is None:
            return f"what goes on is shown as {state.value}"
        if state is State.DONE and end is not End.COMPLETED:
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
        return [job for job in self.engine.history if ours(job)]

    def _circumstance(self, job: SimJob) -> str:
        seat = self._queued_by.get(job)
        if seat is None:
            return "queued by nobody"
        how = f"died of {seat.died}" if seat.died else self._outcomes.get(seat, "goes on")
        late = "" if job in self._heard else "taken up late, "
        return f"{late}its {seat.name.partition('-')[0]} {how}"

    def _story(self, job: SimJob) -> str:
        name = job.ask.script.rpartition("/")[2]
        return f"{job.number} {name}, queued at {job.submitted:.1f}, {self._circumstance(job)}"
