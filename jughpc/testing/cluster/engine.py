"""A batch system in truth: its queue, its nodes, and what becomes of jobs, whatever its commands tell of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence

from jughpc.testing.cluster.model import After, Ask, Element, End, Node, Phase, SimJob
from jughpc.testing.cluster.processes import Launch, Start
from jughpc.testing.cluster.rules import Rules
from jughpc.testing.stage import Stage


class RefusedError(Exception):
    """A submission that is not taken up.

    Attributes:
        why: `array`, `user` for the user's jobs, `system` for everybody's.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Engine:
    """The queue and the nodes of one cluster.

    Args:
        launch: Begins what an element runs.

    Attributes:
        jobs: What the system knows, by number.
        history: All jobs that were ever queued: the truth, which the system itself forgets.
    """

    def __init__(self, stage: Stage, rng: random.Random, rules: Rules, nodes: Sequence[Node], launch: Launch) -> None:
        self.stage, self.rng, self.rules, self.nodes, self._launch = stage, rng, rules, list(nodes), launch
        self.jobs: dict[int, SimJob] = {}
        self.history: list[SimJob] = []
        self._next = rules.first
        self._looks_at = float("inf")

    @property
    def time(self) -> float:
        """Its clock [s]."""
        return self.stage.time

    def submit(self, ask: Ask) -> SimJob:
        """Queue what is asked for. Raises RefusedError."""
        if ask.array and max(ask.indices) >= self.rules.array_size:
            raise RefusedError("array")
        self._check_room(ask)
        job = SimJob(self._number(), ask, self.time, throttle=ask.throttle)
        job.elements = {index: Element(index) for index in ask.indices}
        job.holds = {"u"} if ask.held else set()
        self.jobs[job.number] = job
        self.history.append(job)
        self.tie(job, ask.after)
        return job

    def restart_numbers(self) -> None:
        """Number from the first on again, over what is forgotten."""
        self._next = self.rules.first

    def tie(self, job: SimJob, after: tuple[After, ...]) -> None:
        """Let a job wait for these, and for nothing else."""
        job.after, job.free, job.never = after, False, False
        job.ties = [(one.kind, self.jobs.get(number)) for one in after for number in one.jobs]
        self.resolve(job)
        self._look_soon()

    def cancel(self, elements: Iterable[tuple[SimJob, Element]], by: str, *, at_once: bool = False) -> None:
        """End elements: those that wait at once, those that run after TERM and the wait for it."""
        for job, element in elements:
            if element.waits:
                self._finish(job, element, End.CANCELLED, 0, by)
            elif at_once and not element.over:
                self.stop(job, element, End.CANCELLED, by)
            elif not element.over and element.dying is None:
                self._terminate(job, element, End.CANCELLED, by)

    def hold(self, job: SimJob, kind: str, by: str) -> None:
        """Keep what waits of a job from starting."""
        job.holds.add(kind)
        job.holder = by

    def release(self, job: SimJob, kind: str) -> None:
        """Let a job go on."""
        job.holds.discard(kind)
        for element in job.having(Phase.WAITING):
            element.trouble = ""
        self._look_soon()

    def put_back(self, job: SimJob, element: Element, end: End) -> None:
        """Take an element from its node, back into the queue if it may be, else to this end.

        What was being ended anyway comes to that end.
        """
        if element.dying or not job.ask.requeue:
            self.stop(job, element, element.dying or end, element.by)
            return
        self._take_off(element)
        element.phase, element.node = Phase.WAITING, None
        element.not_before = self.time + self.rules.requeue_wait
        self._look_soon(self.rules.requeue_wait)

    def stop(self, job: SimJob, element: Element, end: End, by: str = "") -> None:
        """End a running element here and now."""
        self._take_off(element)
        self._finish(job, element, end, -9, by)

    def fail_launch(self, job: SimJob, element: Element) -> None:
        """Put back an element whose node could not start it; it waits for somebody to release it."""
        self.put_back(job, element, End.FAILED)
        element.trouble = "launch failed requeued held"

    def lose_node(self, node: Node, back_after: float) -> None:
        """Let a node die: what runs there is dead at once, and the system learns of it later."""
        node.up = False
        lost = [(job, element, element.runs) for job, element in self.running() if element.node is node]
        for _, element, _ in lost:
            if element.process:
                element.process.kill()
        self.stage.at(self.rules.node_wait, lambda: self._notice(lost))
        self.stage.at(self.rules.node_wait + back_after, lambda: self._node_back(node))

    def running(self) -> Iterator[tuple[SimJob, Element]]:
        """Yield what runs."""
        return ((job, element) for job in self.jobs.values() for element in job.having(Phase.RUNNING))

    def queued(self, user: str | None = None) -> int:
        """Return how many elements are in the queue or run, of one user or all."""
        jobs = (job for job in self.jobs.values() if user in (None, job.ask.user))
        return sum(1 for job in jobs for _ in job.live())

    def resolve(self, job: SimJob) -> None:
        """See whether what a job waits for is there, or can never be; the latter is for good."""
        if job.free or job.never or job.over:
            return
        states = [self._met(kind, other) for kind, other in job.ties]
        job.free, job.never = all(state is True for state in states), False in states
        if job.never and (self.rules.deletes_never or job.ask.kill):
            job.vanished, job.reason = self.rules.deletes_never, "DependencyNeverSatisfied"
            for element in job.having(Phase.WAITING):
                self._finish(job, element, End.CANCELLED, 0, "")

    def _met(self, kind: str, other: SimJob | None) -> bool | None:
        if other is None:
            return self.rules.unknown_is_met
        if not other.over:
            return None
        return kind == "afterany" or other.well == (kind == "afterok")

    def _check_room(self, ask: Ask) -> None:
        for why, bound, user in (("user", self.rules.user_jobs, ask.user), ("system", self.rules.system_jobs, None)):
            if bound is not None and self.queued(user) + len(ask.indices) > bound:
                raise RefusedError(why)

    def _number(self) -> int:
        while self._next in self.jobs:
            self._next += 1
        self._next += 1
        return self._next - 1

    def _look_soon(self, delay: float = 0.0) -> None:
        due = self.time + max(delay, self.rules.cycle)
        if due < self._looks_at:
            self._looks_at = due
            self.stage.at(due - self.time, lambda: self._look(due))

    def _look(self, due: float) -> None:
        """Start what may start, in the order of submission."""
        if due != self._looks_at:
            return  # an earlier look came instead
        self._looks_at = float("inf")
        room = True
        for job in list(self.jobs.values()):
            for element in job.having(Phase.WAITING):
                job.reason = self._reason(job, element, room)
                if job.reason != "None":
                    continue
                node = next((node for node in self.nodes if node.fits(job.ask)), None)
                if node:
                    self._start(job, element, node)
                else:
                    job.reason, room = "Resources", False

    def _reason(self, job: SimJob, element: Element, room: bool) -> str:
        """Return what keeps an element from starting, "None" if nothing does."""
        if reason := self.why_held(job, element):
            return reason
        if not job.free:
            return "Dependency"
        start = max(job.ask.begin, element.not_before)
        if start > self.time:
            self._look_soon(start - self.time)
            return "BeginTime"
        if job.throttle and len(job.having(Phase.RUNNING)) >= job.throttle:
            return "JobArrayTaskLimit"
        return "None" if room else "Priority"

    def why_held(self, job: SimJob, element: Element) -> str:
        """Return what no waiting mends, in Slurm's words, "" if nothing."""
        if job.holds:
            return "JobHeldUser" if "u" in job.holds else "JobHeldAdmin"
        return element.trouble or ("DependencyNeverSatisfied" if job.never else "")

    def _start(self, job: SimJob, element: Element, node: Node) -> None:
        node.free -= 1
        element.phase, element.node, element.started = Phase.RUNNING, node, self.time
        element.dying, element.runs = None, element.runs + 1
        run, limit = element.runs, job.ask.walltime
        deadline = None if limit is None else self.time + limit
        start = Start(job, element, node, run - 1, deadline)
        element.process = self._launch(start, lambda code: self._exited(job, element, run, code))
        if limit is not None:
            self.stage.at(limit + self.rng.uniform(0.0, self.rules.late), lambda: self._time_out(job, element, run))

    def _exited(self, job: SimJob, element: Element, run: int, code: int) -> None:
        if element.phase is Phase.RUNNING and element.runs == run:
            self._free_node(element)
            end = element.dying or (End.FAILED if code else End.COMPLETED)
            self._finish(job, element, end, code, element.by)

    def _time_out(self, job: SimJob, element: Element, run: int) -> None:
        if element.phase is Phase.RUNNING and element.runs == run and element.dying is None:
            self._terminate(job, element, End.TIMEOUT, "")

    def _terminate(self, job: SimJob, element: Element, end: End, by: str) -> None:
        element.dying, element.by = end, by
        run = element.runs
        self.stage.at(self.rules.kill_wait, lambda: self._kill(job, element, run))
        if element.process:
            process = element.process
            self.stage.at(0.0, process.term)

    def _kill(self, job: SimJob, element: Element, run: int) -> None:
        if element.phase is Phase.RUNNING and element.runs == run and element.dying:
            self.stop(job, element, element.dying, element.by)

    def _notice(self, lost: Sequence[tuple[SimJob, Element, int]]) -> None:
        for job, element, run in lost:
            if element.phase is Phase.RUNNING and element.runs == run:
                self.put_back(job, element, End.NODE_FAIL)

    def _node_back(self, node: Node) -> None:
        node.up = True
        self._look_soon()

    def _take_off(self, element: Element) -> None:
        if element.process:
            element.process.kill()
        self._free_node(element)

    def _free_node(self, element: Element) -> None:
        element.process = None
        if element.node:
            element.node.free += 1

    def _finish(self, job: SimJob, element: Element, end: End, code: int, by: str) -> None:
        element.phase, element.end, element.code, element.by = Phase.OVER, end, code, by
        element.ended, element.dying = self.time, None
        self._look_soon()
        if job.over:
            job.ended = self.time
            self.stage.at(self.rules.keep, lambda: self._forget(job))
            for other in list(self.jobs.values()):
                if any(tied is job for _, tied in other.ties):
                    self.resolve(other)

    def _forget(self, job: SimJob) -> None:
        if job.over and self.jobs.get(job.number) is job:
            del self.jobs[job.number]
