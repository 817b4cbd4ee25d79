"""Run short tasks one after the other under one claim, and publish their results together."""

from __future__ import annotations

from dataclasses import dataclass, field

from jughpc.store.lease.progress import MOST
from jughpc.store.resultfile import Encoded
from jughpc.tasks import hooks
from jughpc.tasks.graph import Graph
from jughpc.tasks.running import TimeIsUp
from jughpc.worker.aid import WorkerAid
from jughpc.worker.context import WorkerContext
from jughpc.worker.held import Held
from jughpc.worker.marks import BROKEN_OFF, DONE, FAILED
from jughpc.worker.outcomes import Outcomes
from jughpc.worker.policy import Times
from jughpc.worker.run_task import Trouble, attempt
from jughpc.worker.stops import Interrupted

FLUSH_AFTER = 10.0  # [s] the most work that a crash can cost
FLUSH_AT = 4 << 20  # [bytes]
GLANCE = 1.0  # [s] between two looks at whether time is up, or somebody asks to stop
LONG = 0.5  # [s] a task that took so long ends its batch; the beat process de-escalates a little later


@dataclass
class _Yield:
    """What a batch gave so far, by index; its digests, and what its tasks took, in order [s]."""

    digests: list[bytes]
    results: dict[int, Encoded] = field(default_factory=dict)
    troubles: dict[int, Trouble] = field(default_factory=dict)
    walls: list[float] = field(default_factory=list)


class Batch:
    """Runs tasks of a shard that is held, and lets others know all at once."""

    def __init__(self, context: WorkerContext, graph: Graph, held: Held, outcomes: Outcomes, aid: WorkerAid) -> None:
        self._aid = aid
        self._context, self._graph, self._held, self._outcomes = context, graph, held, outcomes
        self._has_edges = bool(graph.edges.targets)

    def run(self, shard: int, indices: list[int]) -> None:
        """Run tasks of `shard`, in order, until one takes long, results pile up, or time is up; then publish.

        Args:
            indices: The tasks; at least one.
        """
        indices = indices[: 1 if hooks.is_hooked(hooks.TASK_EXECUTED) else MOST]  # who hooks it waits for each result
        given = _Yield(self._graph.digests.of(indices))
        self._context.lease.begin_batch(self._held.claims[0], given.digests)
        try:
            self._measured(indices, given)
        except (Interrupted, TimeIsUp) as error:
            if len(given.walls) < len(indices):
                self._broken_off(indices[len(given.walls)], error)
            raise
        finally:
            self._held.claims = self._context.lease.end_batch()
            self._outcomes.publish(shard, given.results)
            for index, trouble in given.troubles.items():
                self._outcomes.trouble(index, trouble)

    def _broken_off(self, index: int, error: BaseException) -> None:
        if self._context.options.marks:
            self._context.options.marks.end(self._graph.digests[index], BROKEN_OFF, LONG)
        if isinstance(error, TimeIsUp):
            self._outcomes.goes_on_later(index)

    def _measured(self, indices: list[int], given: _Yield) -> None:
        self._context.ledger.begin()
        started = self._context.clock.uptime()
        try:
            self._run(indices, given)
        finally:
            self._account(indices[: len(given.walls)], given, started)

    def _run(self, indices: list[int], given: _Yield) -> None:
        context, task, kinds, names = self._context, self._graph.task, self._graph.kinds, self._graph.names
        uptime, step, stops, options = context.clock.uptime, context.lease.step, context.stops, context.options
        aid = self._aid
        before = uptime()
        limit = before + min(FLUSH_AFTER, context.seconds_left())
        glance = min(limit, before + GLANCE)
        times, kind, took, now = Times(context.policy, before), -1, given.walls.append, before
        marks, digests, results, size = options.marks, given.digests, given.results, 0
        if marks:
            marks.begin()
        with stops.user_code(names[kinds[indices[0]]]):
            for number, index in enumerate(indices):
                if kinds[index] != kind:
                    kind = kinds[index]
                    times.turn(names[kind], number, before)
                if step(number, times.name, before):
                    break  # this worker was held up between two tasks for so long that the shard was let go
                outcome, value = attempt(task(index), options, stops.own, aid)
                is_good = True
                if type(outcome) is Encoded:  # here, not in a call: a million empty tasks are to cost little
                    results[index] = outcome
                    size += outcome.length
                    if self._has_edges:
                        self._outcomes.keep(index, value, outcome.length)
                else:
                    is_good = self._is_no_reason_to_stop(index, outcome, given)
                now = uptime()
                took(now - before)
                if marks:
                    marks.end(digests[number], FAILED if index in given.troubles else DONE, now - before)
                if not is_good or now - before > LONG or size > FLUSH_AT or stops.signal:
                    break
                if now > glance:
                    if now > limit or context.stopping():
                        break
                    glance = min(limit, now + GLANCE)
                before = now
        times.turn("", len(given.walls), now)

    def _account(self, indices: list[int], given: _Yield, started: float) -> None:
        """Take note of what the tasks took that came to an end."""
        graph = self._graph
        failed = {place for place, index in enumerate(indices) if index in given.troubles} if given.troubles else set()
        names = map(graph.names.__getitem__, map(graph.kinds.__getitem__, indices))
        self._context.ledger.batch(list(names), given.walls, given.digests[: len(indices)], started, failed)

    def _is_no_reason_to_stop(self, index: int, outcome: Encoded | Trouble, given: _Yield) -> bool:
        """Keep what went wrong with a task; return whether the next one is to run all the same."""
        assert isinstance(outcome, Trouble)
        given.troubles[index] = outcome
        return self._context.options.keep_going and not outcome.lost
