"""What must hold in every history of a cluster, checked against the truth that no process of ours can see."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from jughpc.app.submit.collect import MARGIN
from jughpc.batch.scheduler import Refusal, Reply, Role, Scheduler
from jughpc.config.asks import DEFAULT
from jughpc.errors import SubmitError
from jughpc.testing.cluster import scripts
from jughpc.testing.cluster.blame import Blame
from jughpc.testing.cluster.board import Board
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.mine import Ours, ours
from jughpc.testing.cluster.model import Element, End, Phase, SimJob
from jughpc.testing.cluster.seat import Seat
from jughpc.testing.cluster.systems import Systems

Trace = Callable[[str], None]
"""Takes a line on what happens now."""

_KILLED, _BROKEN = "a collector was killed", "setup failed on the collector's node"
_NOBODY_LEFT = (_KILLED, _BROKEN)
"""No code of ours runs any more that could go on: a signal ended it between two calls, or the shell ended before Python
began. Workers ask no scheduler, so nobody else is there until a user looks; then he is told, and what goes on."""
_SAYS = {"refused": "says that nothing is queued", "was interrupted": "was to take back what was queued"}
_KNOWN_FOR = 250.0  # [s] that a system must remember ends, for a collector to be blamed for what it does not know
_TAKING_BACK = 45.0  # [s] after which nothing is left of what was taken back
_SIDE_BY_SIDE = 120.0  # [s] that a collector may take to see that another takes its place
_HANDING_OVER = 900.0  # [s] that one job may take to give way to the next, with a server that hangs meanwhile


@dataclass(eq=False)
class Referee:
    """Watches what is queued, said and done.

    Attributes:
        blames: The rules that were broken.
        submitted: Submissions that a submit said it queued.
        ended: Submissions that somebody ended or meddled with by hand.
        reduced: How often each submission was reduced.
        by_hand: Elements that a user ended by a command of the system's own.
    """

    engine: Engine
    board: Board
    systems: Systems
    blames: list[Blame] = field(default_factory=list)
    submitted: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)
    reduced: Counter[int] = field(default_factory=Counter)
    by_hand: set[Element] = field(default_factory=set)
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
            if mine.role is Role.ARRAY:
                self._check_in_place(seat, job, mine)
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

    def collects(self, job: SimJob) -> None:
        """Check that a collector that starts does not go on beside another of its submission."""
        mine = ours(job)
        for other in self._jobs(mine.submission, Role.COLLECT) if mine else ():
            if other is not job and other.having(Phase.RUNNING) and not self._hands_over(other, job):
                self.engine.stage.at(_SIDE_BY_SIDE, partial(self._check_alone, job, other))

    def reduces(self, job: SimJob) -> None:
        """Check that a reduce that starts has what it waited for."""
        if not self.board.all_done:
            self.blame(3, "a reduce starts before all is done", self._story(job))

    def outcome(self, seat: Seat, how: str) -> None:
        """Take note how a process of ours ended."""
        self._outcomes[seat] = how
        if how == "refused" or (how == "was interrupted" and self._was_to_take_back(seat)):
            self.engine.stage.at(_TAKING_BACK, lambda: self._check_refusal(seat))

    def submit_gave_up(self, seat: Seat, error: SubmitError, scheduler: Scheduler) -> None:
        """Check that who was told that nothing can be queued was not only told that the queue is full now."""
        reply = Reply(tuple(error.argv), error.code, "", error.stderr)
        if scheduler.refusal(reply) is Refusal.FULL:
            self.blame(5, "a full queue is taken for a refusal", f"{seat.name}: {error.stderr.strip()}")

    def traceback(self, seat: Seat, error: Exception) -> None:
        """Take note that a process of ours ended by an error that is not meant for users."""
        kind = seat.name.partition("-")[0]
        self.blame(4, f"{kind} ends by a traceback", f"{seat.name}: {type(error).__name__}: {error}")

    def judge_found(self, recorded: set[str], since: float) -> None:
        """Check that a command which began at `since` found all jobs of ours, be their submitter dead or gone."""
        for job in self._ours():
            seat = self._queued_by.get(job)
            gone = seat is None or bool(seat.died) or seat in self._outcomes
            goes_on = any(element.dying is None for element in job.live())
            if gone and goes_on and job.submitted < since and job.ask.name not in recorded:
                self.blame(2, f"not found by status, {self._circumstance(job)}", self._story(job))

    def judge_wait(self, seat: Seat, number: int, code: int) -> None:
        """Check the exit code of who waited for a submission."""
        if not code and not self.reduced[number]:
            self.blame(4, "submit --wait ends with 0 though it was never reduced", f"{seat.name}: submission {number}")

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
            if mine and mine.role is Role.COLLECT and job.elements[0].end is End.TIMEOUT:
                self.blame(3, "a collector is ended by its time limit", self._story(job))
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
        for job in self.systems.history:
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

    def _was_to_take_back(self, seat: Seat) -> bool:
        """Return whether a signal met a process that had queued some jobs and not all, and that could end these."""
        roles = {mine.role for job, who in self._queued_by.items() if who is seat and (mine := ours(job))}
        typed = not seat.name.startswith(("collect", "cancel", "status"))
        return typed and bool(roles) and Role.REDUCE not in roles and not seat.troubled

    def _check_in_place(self, seat: Seat, job: SimJob, mine: Ours) -> None:
        """Check that a collector queues nothing in place of elements that a user ended, if the system could tell it."""
        if not seat.name.startswith("collect") or seat.troubled or self.engine.rules.keep < _KNOWN_FOR:
            return
        arrays = [
            other for other in self._ours()
            if other is not job and (what := ours(other)) and what.role is Role.ARRAY
            and what.submission == mine.submission and self._queued_by.get(other) is not seat
        ]  # fmt: skip
        latest = [other for other in arrays if self._queued_by.get(other) is self._queued_by.get(arrays[-1])]
        elements = [element for other in latest for element in other.elements.values()]
        by_hand = sum(element.end is End.CANCELLED and element in self.by_hand for element in elements)
        if by_hand and len(job.elements) > len(elements) - by_hand:
            self.blame(1, "elements that were ended by hand are submitted again", f"{seat.name}: {job.number}")

    def _check_refusal(self, seat: Seat) -> None:
        """Check that who said that nothing was queued, or that it was taken back, told the truth."""
        for job, who in self._queued_by.items():
            if who is seat and not job.over and job.submitted + _TAKING_BACK < self.engine.time:
                self.blame(4, f"submit {_SAYS[self._outcomes[seat]]}, and it is", self._story(job))

    def _check_still(self, job: SimJob, other: SimJob, kind: str) -> None:
        """Check that of two jobs of which one followed the other only one goes on."""
        if not any(one.over or one.never for one in (job, other)):
            self.blame(1, kind, f"{other.number}, {job.number}")

    def _hands_over(self, job: SimJob, other: SimJob) -> bool:
        """Return whether a collector queued the other, and does nothing any more but wait for room for its reduce."""
        seat = self._queued_by.get(other)
        return seat is not None and seat.name == f"collect-{job.number}"

    def _check_alone(self, job: SimJob, other: SimJob) -> None:
        """Check that of two collectors that ran at the same time only one is left."""
        if job.having(Phase.RUNNING) and other.having(Phase.RUNNING):
            self.blame(1, "two collectors work side by side", f"{other.number}, {job.number}")

    def _judge_submission(self, number: int) -> None:
        times = self.reduced[number]
        if times > 1:
            self.blame(3, "reduced more than once", f"submission {number}: {times} times")
        why = self._why_left(number)
        if why in _NOBODY_LEFT:
            return
        if left := self.board.possible() - set(self.board.done):
            if not self._may_give_up(number, left):
                self.blame(5, f"tasks are left, {why}", f"submission {number}: {sorted(left)}")
        elif self.board.all_done and not times and self._asked_for_reduce(number) and not self._is_left_alone(number):
            self.blame(3, f"all is done and never reduced, {why}", f"submission {number}")

    def _may_give_up(self, number: int, left: set[int]) -> bool:
        """Return whether the last collector was right to leave tasks.

        That is no fault where its node has none of the system's commands: nothing can be queued there. Nor where its
        own time was over while elements waited in the queue still: it says so, and how to go on. Nor where its array
        brought nothing and every element met its time limit: none of the same kind would do better. One that is of none
        of the classes that can be run of what is left brought nothing by our own fault.
        """
        latest = self._latest(number)
        ends = {element.end for job in latest for element in job.elements.values()}
        brought = any(when >= latest[0].submitted for when in self.board.done.values()) if latest else True
        if self._was_late(number) or self._is_cut_off(number):
            return True
        return not brought and ends <= {End.TIMEOUT} and self._tried(number, left)

    def _is_left_alone(self, number: int) -> bool:
        """Return whether elements elsewhere did the last of it, and the last collector could queue no other to wait."""
        return bool(self.systems.far and self.systems.far.history) and self._is_cut_off(number)

    def _is_cut_off(self, number: int) -> bool:
        """Return whether the last collector ran where the system has no commands."""
        nodes = [job.elements[0].node for job in self._jobs(number, Role.COLLECT)[-1:]]
        return any(node and not node.commands for node in nodes)

    def _was_late(self, number: int) -> bool:
        """Return whether the last collector ran as long as it may."""
        last = self._jobs(number, Role.COLLECT)[-1:]
        return any(
            job.ask.walltime and job.elements[0].ended - job.elements[0].started > job.ask.walltime - 2 * MARGIN
            for job in last
        )

    def _tried(self, number: int, left: set[int]) -> bool:
        """Return whether the last arrays that began were for some of what is left and can be run."""
        ready = {
            task.only for task in map(self.board.tasks.__getitem__, left) if task.needs in {None, *self.board.done}
        }
        said = [scripts.command(job.ask.argv).options for job in self._latest(number)]
        kept = {one.get("only", DEFAULT) for one in said}
        return not kept or any("digests" in one for one in said) or bool(ready & kept)

    def _latest(self, number: int) -> list[SimJob]:
        """Return those arrays that began of the ones queued last."""
        arrays = [job for job in self._jobs(number, Role.ARRAY) if job.begun]
        return [job for job in arrays if self._queued_by.get(job) is self._queued_by.get(arrays[-1])]

    def _jobs(self, number: int, role: Role) -> list[SimJob]:
        return [job for job in self._ours() if (mine := ours(job)) and (mine.submission, mine.role) == (number, role)]

    def _asked_for_reduce(self, number: int) -> bool:
        return bool(self._jobs(number, Role.REDUCE))

    def _why_left(self, number: int) -> str:
        """Return how the last collector of a submission ended, which tells most."""
        collectors = self._jobs(number, Role.COLLECT)
        if not collectors:
            return "no collector"
        ran = [job for job in collectors if job.begun or job.vanished]
        collectors = ran or collectors  # the others were withdrawn by who had queued them
        if self._died(collectors[-1]):
            return _KILLED  # it may have been about to queue others
        last = collectors[-1].elements[0]
        if not last.over:
            return "the collector has not ended"
        if collectors[-1].vanished:
            return "the collector was deleted unrun"
        if not last.runs:
            return "the collector never ran"
        if last.end is End.TIMEOUT:
            return "the collector met its time limit"
        if last.code < 0:
            return _KILLED
        if last.node and last.node.broken:
            return _BROKEN
        return f"the collector ended with code {last.code}"

    def _died(self, collector: SimJob) -> bool:
        """Return whether a signal ended a collector, handled or not."""
        seats = [seat for seat in self._begun if seat.name == f"collect-{collector.number}"]
        return any(seat.died or self._outcomes.get(seat) == "was interrupted" for seat in seats)

    def _ours(self) -> list[SimJob]:
        return [job for job in self.systems.history if ours(job)]

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
