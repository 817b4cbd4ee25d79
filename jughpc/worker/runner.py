"""What a worker does under one claim: run, publish, record failures, let go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from jughpc.fs import environment
from jughpc.store.base import SHARD, View
from jughpc.tasks.running import TimeIsUp
from jughpc.tasks.task import Task
from jughpc.worker.aid import WorkerAid
from jughpc.worker.batch import Batch
from jughpc.worker.context import WorkerContext
from jughpc.worker.deaths import Deaths
from jughpc.worker.held import Held
from jughpc.worker.knowledge import Knowledge
from jughpc.worker.marks import BROKEN_OFF, DONE, FAILED
from jughpc.worker.outcomes import Outcomes
from jughpc.worker.run_task import Trouble, attempt
from jughpc.worker.scratch import Scratch
from jughpc.worker.stops import Interrupted

MANY_PACKS, MANY_SINGLES, MANY_AT_THE_END, MANY_LONG = 16, 64, 4, 1024
"""So many files of a shard are made one: of tasks run by shard, of those run one by one, and once all are done; of long
tasks they are so few that more is not worth it, while a listing of them is no burden."""

GATHERED, SOON, ROUND = 1 << 18, 1 << 13, 8
"""The sizes of a file that is worth it [bytes]: each ROUND-th time, and else: the same is not copied at each time."""

LONG = 2.0
"""Of tasks that take so long [s], four calls for each file are more than a listing without it saves."""


class Runner:
    """Works under one claim at a time.

    Attributes:
        aid: What it does for the task in hand.
        made_ready: Tasks that its results made ready, newest last.
        crashed: Shards on which a life ended: their tasks are claimed singly, so that the culprit is known.
    """

    def __init__(self, context: WorkerContext, knowledge: Knowledge) -> None:
        self._context, self._knowledge = context, knowledge
        self._frontier = knowledge.frontier
        self._graph = knowledge.frontier.graph
        self._held = Held(context, knowledge)
        self.aid = WorkerAid(context, Scratch(environment(), context.options.scratch))
        self._outcomes = Outcomes(context, knowledge, self._held, self.aid.published)
        self._deaths = Deaths(context)
        self._batch = Batch(context, self._graph, self._held, self._outcomes, self.aid)
        self.made_ready = self._outcomes.made_ready
        self.crashed: set[int] = set()
        self._gathered = Counter[int]()
        self._scattered: dict[int, int] = {}  # in how many files what was gathered of a shard is

    def single(self, index: int, view: View) -> bool:
        """Try to claim a task and run it, unless it turns out to have killed workers; return whether it was won."""
        won = self._alone(index, view, is_last=False)
        if won:
            is_long = self._context.policy.means.get(self._graph.name(index), LONG) >= LONG
            self._gather_after(self._frontier.shard[index], MANY_LONG if is_long else MANY_SINGLES)
        return won

    def suspect(self, index: int, view: View) -> bool:
        """Try to claim a task that killed workers and run it, or fail it, now that nothing else can be run.

        Return whether it was won.
        """
        return self._alone(index, view, is_last=True)

    def shard(self, shard: int, view: View) -> bool:
        """Run the short tasks of a shard under one claim on all of it; return whether it was won."""
        try:
            if self._win_shard(shard, view) is None:
                return False
            # by the last look, made after the last time that the shard was won: a worker that was late won it anew
            ran = 0
            while self._may_go_on(shard) and (shorts := sorted(self.shorts(shard, self._knowledge.claims(shard)))):
                if 2 * len(shorts) < ran and len(self._frontier.ready) > 1:
                    break  # what is ready by now is few: more will be once the other shards had their turn
                self._batch.run(shard, shorts)
                self._gather(shard, MANY_PACKS)
                ran = len(shorts)
        finally:
            self._held.release()
        self._write_measures()
        return True

    def take_over(self, shard: int, view: View) -> bool:
        """Find out whether who claims `shard` is dead; if so, its tasks can be claimed singly from now on."""
        try:
            return self._win_shard(shard, view) is not None
        finally:
            self._held.release()

    def shorts(self, shard: int, view: View) -> Iterable[int]:
        """Return the ready tasks of `shard` that are to be run under a claim on all of it, in no order."""
        frontier, of, digests = self._frontier, self._graph.kinds, self._graph.digests
        shorts: Iterable[int] = frontier.ready.get(shard, ())
        names = self._graph.names
        if others := {kind for kind, count in frontier.kinds.items() if count and not self._is_for_shard(names[kind])}:
            shorts = [index for index in shorts if of[index] not in others]
        singly = view.claims.keys() - {SHARD}
        return [index for index in shorts if digests[index] not in singly] if singly else shorts

    def _win_shard(self, shard: int, view: View) -> View | None:
        after = self._held.take(shard, SHARD, view)
        if after is not None and after.superseded(self._held.claims[0]):
            self.crashed.add(shard)
            self._learn_deaths(after)
        return after

    def _gather_after(self, shard: int, many: int) -> None:
        """Gather the results of tasks that were claimed one by one, if they are many, and the shard is free."""
        if not self._is_scattered(shard, many) or self._context.stopping():
            return
        try:
            if self._win_shard(shard, self._knowledge.claims(shard)) is not None:
                self._gather(shard, many)
            else:
                self._scattered[shard] = self._context.store.bare.scattered(shard) // 2  # not at each task anew
        finally:
            self._held.release()

    def _gather(self, shard: int, many: int) -> None:
        """Have small files of a held shard made one: each costs who looks at the shard as much as a large one."""
        store, lease = self._context.store, self._context.lease
        if self._is_scattered(shard, many) and any(claim.key == SHARD for claim in self._held.claims):
            self._gathered[shard] += 1
            is_round = self._gathered[shard] % ROUND and self._frontier.left[shard]
            with suppress(OSError):  # it can be done later, or never
                store.bare.pack(shard, lease.record.life, SOON if is_round else GATHERED, lambda: not lease.late())
            self._knowledge.look(shard)
            self._scattered[shard] = store.bare.scattered(shard)

    def _is_scattered(self, shard: int, many: int) -> bool:
        """Return whether the results of a shard are in so many files, of which some may be too large to be gathered."""
        left = self._scattered.get(shard, 0)
        enough = many if self._frontier.left[shard] or many == MANY_LONG else MANY_AT_THE_END
        return self._context.store.bare.scattered(shard) - left >= max(enough, left)

    def _may_go_on(self, shard: int) -> bool:
        """Return whether the shard is still held, and by nobody before who died of it."""
        holds = any(claim.key == SHARD for claim in self._held.claims)
        return holds and shard not in self.crashed and not self._context.stopping()

    def _is_for_shard(self, name: str) -> bool:
        policy = self._context.policy
        return policy.is_short(name, len(self._frontier.ready)) and policy.fits(name, self._context.seconds_left())

    def _alone(self, index: int, view: View, *, is_last: bool) -> bool:
        started = self._context.clock.now()
        after = self._held.take(self._frontier.shard[index], self._graph.digests[index], view)
        if after is None:
            return False
        self._context.policy.claimed(self._context.clock.now() - started)
        try:
            self._learn_deaths(after)
            may_run = self._frontier.is_ready(index) and not self._is_given_up(index)
            if may_run and (is_last or not self._frontier.deaths(index)):
                self._run_single(index)
        finally:
            self._held.release()
        self._context.lease.note("", b"", 0.0)  # who dies between two tasks dies of none
        self._write_measures()
        return True

    def _write_measures(self) -> None:
        self._context.ledger.write_if_due(self._context.store.bare, self._context.lease.record)

    def _learn_deaths(self, after: View) -> None:
        """Learn of what those died who held what was just won."""
        (claim,) = self._held.claims
        if after.superseded(claim):
            self._deaths.write_down(claim, after)
            self._knowledge.look(claim.shard)  # anew: a cleanup may have been faster, and removed what told of a death

    def _is_given_up(self, index: int) -> bool:
        """Record the failure of a task that killed as many workers as it may; return whether it is one."""
        deaths, digest = self._frontier.deaths(index), self._graph.digests[index]
        if deaths < self._context.options.max_crashes or not (trouble := self._deaths.too_many(digest)):
            return False
        self._outcomes.fail(index, trouble, max(trouble.deaths, self._context.options.retries + 1))
        return True

    def _run_single(self, index: int) -> None:
        task, context = self._graph.task(index), self._context
        started, is_first = context.clock.uptime(), not context.policy.means
        context.ledger.begin()
        context.lease.note(task.name, task.digest, started)
        outcome = None
        if context.options.marks:
            context.options.marks.begin()
        try:
            with context.stops.user_code(task.name):
                outcome, value = attempt(task, context.options, context.stops.own, self.aid)
        except Interrupted:
            if outcome is None:
                self._mark(task, BROKEN_OFF, started)
                self._deaths.broken_off(task, is_first)
                raise
        except TimeIsUp:
            self._mark(task, BROKEN_OFF, started)
            self._outcomes.goes_on_later(index)
            raise
        self._mark(task, FAILED if isinstance(outcome, Trouble) else DONE, started)
        context.ledger.single(task.name, task.digest, started, failed=isinstance(outcome, Trouble))
        context.policy.ran(task.name, context.clock.uptime() - started)
        if isinstance(outcome, Trouble):
            return self._outcomes.trouble(index, outcome)
        self._outcomes.keep(index, value, outcome.length)
        return self._outcomes.publish(self._frontier.shard[index], {index: outcome})

    def _mark(self, task: Task[Any], how: str, started: float) -> None:
        if marks := self._context.options.marks:
            marks.end(task.digest, how, self._context.clock.uptime() - started)
