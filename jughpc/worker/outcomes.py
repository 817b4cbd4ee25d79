"""What came of tasks: results, failures and lost arguments, told to the store and to the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jughpc import host
from jughpc.store.failure import Failure
from jughpc.store.resultfile import Encoded
from jughpc.tasks import brief, hooks
from jughpc.tasks.task import Task
from jughpc.worker.context import WorkerContext
from jughpc.worker.held import Held
from jughpc.worker.knowledge import Knowledge
from jughpc.worker.patience import GivenUpError, Patience
from jughpc.worker.run_task import Trouble

_KEPT = 1 << 16  # [bytes] results up to this size stay in memory for the tasks that wait for them


class Outcomes:
    """Records what came of tasks that were run under what is held.

    Args:
        are_safe: Called with the tasks whose results were published.

    Attributes:
        made_ready: Tasks that the results made ready, newest last.
    """

    def __init__(
        self, context: WorkerContext, knowledge: Knowledge, held: Held, are_safe: Callable[[list[bytes]], None]
    ) -> None:
        self._are_safe = are_safe
        self._context, self._knowledge, self._held = context, knowledge, held
        self._frontier = knowledge.frontier
        self._graph = knowledge.frontier.graph
        self._reading = Patience(context.clock, context.stops, context.say, context.options)
        self.made_ready: list[int] = []

    def keep(self, index: int, value: Any, size: int) -> None:
        """Keep a small result for the tasks that wait for it; drop arguments that none waits for."""
        graph, tasks = self._graph, self._graph.tasks
        if size <= _KEPT and graph.consumers(index):
            tasks[index].keep(value)
        for dependency in graph.needed_last(index):  # the task that just ran is not counted as done yet
            tasks[dependency].unload()

    def publish(self, shard: int, results: Mapping[int, Encoded]) -> None:
        """Publish results of the held shard; those that others may have taken over are dropped."""
        digests = self._graph.digests
        named = dict(zip(digests.of(results), results.values(), strict=True))
        if not named:
            return
        what = f"store results of {len(named)} tasks"
        try:
            ours = self._context.patience.through(lambda: self._publish(shard, named), what, in_hand=True)
        except GivenUpError:
            self._rescue(named)  # also of a jugdir that was removed: by mistake, or with what it is mounted on
            raise
        if ours:
            whole = ours is named  # as mostly
            indices = [*results] if whole else [index for index in results if digests[index] in ours]
            self._published(shard, indices, [*ours])

    def _publish(self, shard: int, results: Mapping[bytes, Encoded]) -> Mapping[bytes, Encoded]:
        """Publish those of `results` that are still ours, and return them. Raises OSError."""
        if ours := self._held.still_ours(results):
            self._context.store.bare.publish(shard, ours, self._context.lease.record.life)
        return ours

    def _rescue(self, results: Mapping[bytes, Encoded]) -> None:
        """Keep elsewhere what the store does not take, and say where."""
        if self._context.options.rescue is None:
            return
        try:
            folder = self._context.options.rescue(results, self._context.lease.record.life)
        except OSError as error:
            self._context.say(
                f"results of {len(results)} tasks are lost: they cannot be kept elsewhere either: {error}"
            )
        else:
            self._context.say(
                f"results of {len(results)} tasks are in {folder} on {host.here().host}: once the store works again, "
                f"`jughpc rescue {folder}` there takes them up, and so does `jughpc execute`"
            )

    def trouble(self, index: int, trouble: Trouble) -> None:
        """Record why a task gave no result."""
        if trouble.lost:
            self._find_what_was_lost(index, trouble)
        else:
            self.fail(index, trouble, self._knowledge.tries.get(self._graph.digests[index], 0) + 1)

    def fail(self, index: int, trouble: Trouble, tries: int) -> None:
        """Record a failure; the task is ready once more if it may be tried again."""
        failure = self._failure(self._graph.tasks[index], trouble, tries)
        self._context.store.fail(failure)
        self._context.say(f"{failure.call or failure.name} failed: {failure.exception}")
        self._knowledge.tries[failure.digest] = tries
        if tries > self._context.options.retries:
            self._context.tally.failures.append(failure)
            self._frontier.failed(index)
            self._count()

    def goes_on_later(self, index: int) -> None:
        """Say so of a task whose time was up."""
        self._context.say(f"{self._graph.name(index)} stops here, and goes on in the next job with what it saved")

    def _published(self, shard: int, indices: list[int], digests: list[bytes]) -> None:
        """Take note of results before any hook is called: it may end this worker."""
        tasks, tries = self._graph.tasks, self._knowledge.tries
        self._reading.over()
        self._are_safe(digests)
        self._context.tally.executed.update(self._graph.count(indices))
        self.made_ready += self._frontier.done(shard, indices)
        self._knowledge.did(shard, indices)
        self._count()
        if tries:
            self._context.store.forget_failures([digest for digest in digests if digest in tries])
        self._knowledge.mark_if_complete(shard)
        if hooks.is_hooked(hooks.TASK_EXECUTED):
            with self._context.stops.user_code("a hook"):
                for index in indices:
                    hooks.tell(hooks.TASK_EXECUTED, tasks[index])

    def _count(self) -> None:
        self._context.lease.count(self._context.tally.executed.total(), len(self._context.tally.failures))

    def _find_what_was_lost(self, index: int, trouble: Trouble) -> None:
        graph = self._graph
        if trouble.passing is not None:  # it is there, and cannot be read now
            self._reading.pause(f"read what {graph.name(index)} needs", trouble.passing)
            return
        for digest in self._context.store.missing([graph.digests[i] for i in graph.dependencies(index)]):
            self._knowledge.lost(digest)
        self._context.say(f"{graph.name(index)} cannot run yet: {trouble.words}")

    def _call(self, task: Task[Any]) -> str:
        with self._context.stops.user_code(task.name):  # classes have a `repr` of their own
            return brief.call(task.name, task.args, task.kwargs)

    def _failure(self, task: Task[Any], trouble: Trouble, tries: int) -> Failure:
        record = self._context.lease.record
        where = trouble.where or record
        return Failure(
            digest=task.digest,
            name=task.name,
            exception=trouble.words,
            trace=trouble.trace,
            life=record.life,
            host=where.host,
            owner=where.owner,
            submission=where.submission,
            element=where.element,
            when=self._context.clock.wall(),
            tries=tries,
            call=self._call(task),
            deaths=trouble.deaths,
        )
