"""What a worker does under one claim: run, publish, record failures, let go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from jughpc.fs import Clock
from jughpc.store.base import SHARD, Claim, Failure, Store, View
from jughpc.store.record import Record
from jughpc.store.resultfile import Encoded
from jughpc.tasks import hooks
from jughpc.tasks.task import Task
from jughpc.worker.attempt import DependencyLostError, attempt, failure
from jughpc.worker.knowledge import Knowledge
from jughpc.worker.policy import Policy
from jughpc.worker.publishing import FLUSH_AFTER, FLUSH_AT, Publisher
from jughpc.worker.tally import Options, Say, Tally
from jughpc.worker.usage import Stops

_LONG = 1.0  # [s] a task that took so long makes a worker think again how to claim the next
_KEPT = 1 << 16  # [bytes] results up to this size stay in memory for the tasks that wait for them


class Pulse(Protocol):
    """The lives of this worker, one after the other; see store.life."""

    record: Record

    def late(self) -> bool:
        """Return whether others may by now take the present life for dead."""

    def renew(self, reason: str) -> None:
        """End the present life, and its claims with it, and begin another."""

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Say what runs now."""

    def count(self, done: int, failed: int) -> None:
        """Say how many tasks were finished."""


class Runner:
    """Works under one claim at a time.

    Attributes:
        made_ready: Tasks that its results made ready, newest last.
    """

    def __init__(
        self, store: Store, pulse: Pulse, clock: Clock, stops: Stops, knowledge: Knowledge,
        policy: Policy, options: Options, tally: Tally, say: Say,
    ) -> None:  # fmt: skip
        self._store, self._pulse, self._clock, self._stops = store, pulse, clock, stops
        self._knowledge, self._policy, self._options, self._tally, self._say = knowledge, policy, options, tally, say
        self._frontier = knowledge.frontier
        self._graph = knowledge.frontier.graph
        self._claims = store.claims(pulse.record.life)
        self._publisher = Publisher(store, clock, stops, say)
        self._held: Claim | None = None
        self.made_ready: list[int] = []
        self.crashed: set[int] = set()
        """Shards on which a life ended: their tasks are claimed singly, so that the culprit is known."""

    def single(self, index: int, view: View) -> bool:
        """Try to claim a task and run it; return whether it was won."""
        started = self._clock.now()
        view = self._take(self._frontier.shard[index], self._graph.digests[index], view)
        if self._held is None:
            return False
        self._policy.claimed(self._clock.now() - started)
        try:
            if self._frontier.is_ready(index):
                self._run_single(index, view.deaths(self._held))
        finally:
            self._release()
        return True

    def shard(self, shard: int, view: View) -> bool:
        """Run the short tasks of a shard under one claim on all of it; return whether it was won."""
        view = self._take(shard, SHARD, view)
        if self._held is None:
            return False
        if view.deaths(self._held):
            self.crashed.add(shard)
        try:
            while shard not in self.crashed and self._held and (shorts := self._shorts(shard, view)):
                self._run_shorts(shard, shorts)
        finally:
            self._release()
        return True

    def stopping(self) -> bool:
        """Return whether no further task is to be begun."""
        return bool(self._stops.signal) or bool(self._tally.failures and not self._options.keep_going)

    # one task

    def _run_single(self, index: int, deaths: int) -> None:
        task = self._graph.tasks[index]
        if deaths >= self._options.max_crashes:
            words = f"{deaths} workers died while they ran it; none could say why"
            return self._fail(index, failure(task, words, "", self._clock, self._pulse.record, deaths))
        started = self._clock.now()
        encoded = self._attempt(index)
        self._policy.ran(task.name, self._clock.now() - started)
        if encoded is not None:
            self._publish({index: encoded})
        return None

    def _attempt(self, index: int) -> Encoded | None:
        """Run a task; return its result, or None after recording why there is none."""
        task = self._graph.tasks[index]
        self._pulse.note(task.name, task.digest, self._clock.wall())
        try:
            with self._stops.breakable():
                outcome, value = attempt(task, self._clock, self._pulse.record, self._tries(task) + 1)
        except DependencyLostError as error:
            self._find_what_was_lost(index, str(error))
            return None
        if isinstance(outcome, Failure):
            self._fail(index, outcome)
            return None
        self._keep(index, value, outcome.length)
        return outcome

    def _keep(self, index: int, value: Any, size: int) -> None:
        """Keep a small result for the tasks that wait for it; drop arguments that none waits for."""
        graph = self._graph
        if size <= _KEPT and graph.consumers(index):
            graph.tasks[index].keep(value)
        for dependency in graph.dependencies(index):
            if graph.consumers(dependency) <= 1:  # the task that just ran is still counted
                graph.tasks[dependency].unload()

    def _tries(self, task: Task[Any]) -> int:
        return self._knowledge.tries.get(task.digest, 0)

    def _find_what_was_lost(self, index: int, words: str) -> None:
        digests = [self._graph.digests[i] for i in self._graph.dependencies(index)]
        for digest in self._store.missing(digests):
            self._knowledge.lost(digest)
        self._say(f"{self._graph.tasks[index].name} cannot run yet: {words}")

    # many short ones

    def _shorts(self, shard: int, view: View) -> list[int]:
        """Return the ready tasks of `shard` that are to be run under a claim on all of it."""
        if self.stopping():
            return []
        graph = self._graph
        names: dict[str, bool] = {}
        found = []
        for index in self._frontier.ready.get(shard, ()):
            name = graph.tasks[index].name
            if name not in names:
                names[name] = self._is_for_shard(name)
            if names[name] and graph.digests[index] not in view.claims:
                found.append(index)
        return found

    def _is_for_shard(self, name: str) -> bool:
        short = self._policy.is_short(name, len(self._frontier.ready))
        return short and self._policy.fits(name, self._options.seconds_left(self._clock.wall()))

    def _run_shorts(self, shard: int, indices: list[int]) -> None:
        """Run tasks and publish their results together, at the latest after FLUSH_AFTER."""
        results: dict[int, Encoded] = {}
        size = 0
        before = flushed = self._clock.now()
        try:
            for index in indices:
                encoded = self._attempt(index)
                now = self._clock.now()
                self._policy.ran(self._graph.tasks[index].name, now - before)
                if encoded is not None:
                    results[index] = encoded
                    size += encoded.length
                if now - flushed > FLUSH_AFTER or size > FLUSH_AT or now - before > _LONG or self.stopping():
                    break
                before = now
        finally:
            self._publish(results)

    # publishing

    def _publish(self, results: Mapping[int, Encoded]) -> None:
        """Publish results of the held shard, unless the claim was lost meanwhile; then others run these tasks."""
        if not results or self._held is None or not self._still_holds():
            return
        digests = self._graph.digests
        named = {digests[index]: encoded for index, encoded in results.items()}
        self._publisher.publish(self._held.shard, named, self._pulse.record.life)
        for index in results:
            if self._graph.is_done(index):
                continue  # another worker's result was seen when the claim was taken anew
            self.made_ready += self._frontier.done(index)
            self._tally.executed[self._graph.tasks[index].name] += 1
            if self._tries(self._graph.tasks[index]):
                self._store.forget_failures([digests[index]])
            hooks.jug_hook(hooks.TASK_EXECUTED, (self._graph.tasks[index],))
        self._pulse.count(self._tally.executed.total(), len(self._tally.failures))
        self._knowledge.mark_if_complete(self._held.shard)

    def _fail(self, index: int, failure: Failure) -> None:
        self._store.fail(failure)
        self._say(f"{failure.name} failed: {failure.exception}")
        if failure.tries <= self._options.retries:
            self._knowledge.tries[failure.digest] = failure.tries
            return
        self._tally.failures.append(failure)
        self._frontier.failed(index)
        self._pulse.count(self._tally.executed.total(), len(self._tally.failures))

    # the claim

    def _take(self, shard: int, key: bytes, view: View) -> View:
        if self._pulse.late():
            self._renew()
        self._held, view = self._claims.take(shard, key, view)
        self._knowledge.learn(shard, view)
        return view

    def _release(self) -> None:
        if self._held is not None:
            self._claims.release(self._held)
            self._knowledge.released(self._held.shard, self._held.key)
        self._held = None

    def _still_holds(self) -> bool:
        """Return whether the claim is still ours; after a pause too long it must be won again."""
        if self._held is None or not self._pulse.late():
            return self._held is not None
        shard, key = self._held.shard, self._held.key
        self._renew()
        self._take(shard, key, self._store.look(shard))
        return self._held is not None

    def _renew(self) -> None:
        self._say("this worker was stopped or cut off for too long; it goes on under a new name")
        self._pulse.renew("was late: stopped, suspended or cut off")
        self._claims = self._store.claims(self._pulse.record.life)
