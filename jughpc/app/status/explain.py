"""Why a task is as it is: what it waits for, who runs it, what went wrong, and what happens next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from jughpc.app.context import session as sessions
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.status import elements
from jughpc.app.status.measured import Ran, by_function, ran
from jughpc.app.status.served import Hands, Served
from jughpc.batch.clusters import Clusters
from jughpc.store.base import SHARD, Observer, Store
from jughpc.store.checkpoints import Saved
from jughpc.store.failure import Failure
from jughpc.store.record import Record
from jughpc.tasks import brief
from jughpc.tasks.classes import asks_of
from jughpc.tasks.graph import Graph
from jughpc.tasks.meaning import meant
from jughpc.units import several

DONE, FAILED, RUNNING, HELD, BLOCKED, WAITING, READY = (
    "done", "failed", "running", "held by the dead", "blocked by a failure", "waiting", "ready",
)  # fmt: skip

MOST = 10  # tasks that one text may mean and that are each explained
_MOST_NEEDED = 5  # that a task waits for, told by name
_DEEPEST = 10_000  # tasks that are looked at for the cause of a wait


@dataclass(frozen=True)
class Needed:
    """A task that another waits for.

    Attributes:
        call: As it was called, in short.
        digest: 32 hexadecimal characters.
        state: One of the words above; of what others wait for in their turn, that of what is behind it all.
    """

    call: str
    digest: str
    state: str


@dataclass(frozen=True)
class Explained:
    """What is known of one task.

    Attributes:
        call, digest: As in Needed.
        state: One of the words above.
        needs: What it waits for, at most five of them, those that hold it up most first.
        missing: How many it waits for.
        failure: What went wrong when it was last run.
        holder: Who holds a claim on it, or on its shard.
        proof: Why the holder is dead, "" if nothing says so.
        deaths: How many workers ended while they held it, but for those that it failed for.
        died: How the last one did, in words.
        hands: Who may take it up, if that is what it needs.
        ran: How it was run, if it is done and that was measured by itself.
        mean: What one of its function takes on the average [s], if it is done and that was not; 0 if nobody knows.
        saved: What it saved on its way, for its next run; None for nothing.
    """

    call: str
    digest: str
    state: str
    needs: tuple[Needed, ...] = ()
    missing: int = 0
    failure: Failure | None = None
    holder: Record | None = None
    proof: str = ""
    deaths: int = 0
    died: str = ""
    hands: Hands | None = None
    ran: Ran | None = None
    mean: float = 0.0
    saved: Saved | None = None

    @property
    def name(self) -> str:
        """The name of its function."""
        return self.call.partition("(")[0]


@dataclass(frozen=True)
class Explanation:
    """What is known of the tasks that a text means.

    Attributes:
        count: How many they are.
        tasks: The first of them, those that are not done before the others.
    """

    count: int
    tasks: tuple[Explained, ...]


def explain(site: Site, clusters: Clusters, text: str) -> Explanation:
    """Return what is known of the tasks that `text` means, see tasks.meaning; raises UsageError if it means none.

    Asks the scheduler, once, if one of them is to be taken up.
    """
    session = sessions.peek(site)
    graph = Graph(session.jugfile.tasks)
    found = meant(text, graph.tasks, graph.digests, session.jugfile.space)
    missing = session.store.missing(graph.digests[index] for index in found)
    found.sort(key=lambda index: graph.digests[index] not in missing)  # a stable sort: else as they were made
    look = _Look(session, clusters, graph)
    tasks = [look.explained(index) for index in found[:MOST]]
    return Explanation(len(found), tuple(_as_it_ran(session.store, tasks)))


def _as_it_ran(store: Store, tasks: Sequence[Explained]) -> Iterator[Explained]:
    """Yield `tasks` with what was measured of those that are done."""
    runs = ran(store, [task.digest for task in tasks if task.state == DONE])
    short = any(task.state == DONE and task.digest not in runs for task in tasks)
    took = by_function(store) if short else {}
    for task in tasks:
        sums = took.get(task.name) if task.state == DONE and task.digest not in runs else None
        yield replace(task, ran=runs.get(task.digest), mean=sums.mean if sums else 0.0)


class _Look:
    """One look at a store, and at the latest submission where that matters, for some tasks of a graph."""

    def __init__(self, session: Session, clusters: Clusters, graph: Graph) -> None:
        self._site, self._clusters = session.site, clusters
        self._store, self._graph = session.store, graph
        self._observer: Observer = self._store.observer()
        self._workers = [one for one in self._store.records() if not self._observer.proof_of(one.life)]

    @cached_property
    def _served(self) -> Served:
        jobs = elements.find(self._site, self._clusters)
        states = elements.by_number(jobs, self._store.records(), self._store.ended()) if jobs else {}
        callees = self._graph.callees
        return Served(jobs, states, asks_of(callees), [callee.name for callee in callees])

    def explained(self, index: int) -> Explained:
        """Return what is known of one task, and who may take it up if nobody has it."""
        told = self._as_it_stands(index)
        if told.state not in (READY, WAITING, HELD):
            return told
        deaths = self._store.deaths(self._graph.digests[index])
        hands = self._served.hands(told.name, deaths, self._workers)
        return replace(told, hands=hands, died=str(max(deaths, key=lambda one: one.when)) if deaths else "")

    def _as_it_stands(self, index: int) -> Explained:
        digest, call = self._graph.digests[index], self._written(index)
        known = self._store.inspect(digest)
        deaths = next((claim.generation - 1 for claim, _ in known.claims if claim.key != SHARD), 0)
        is_told = known.failure is not None and known.failure.deaths > 0  # in its words, the last of them, too
        told = Explained(call, digest.hex(), DONE, failure=known.failure, deaths=0 if is_told else deaths)
        if known.done:
            return told
        if self._store.checkpoints:
            told = replace(told, saved=self._store.checkpoints.saved(digest))
        if known.failure is not None:
            return replace(told, state=FAILED)
        for claim, holder in known.claims:
            if holder is None or not self._is_on(holder, claim.key, digest):
                continue
            proof = self._observer.proof(claim.shard, claim.key, claim.generation)
            return replace(told, state=HELD if proof else RUNNING, holder=holder, proof=proof)
        undone = self._undone([index])
        if not undone:
            return replace(told, state=READY)
        needs = [Needed(self._written(i), self._graph.digests[i].hex(), self._cause(i)) for i in undone[:_DEEPEST]]
        needs.sort(key=lambda needed: needed.state != FAILED)
        state = BLOCKED if any(needed.state == FAILED for needed in needs) else WAITING
        return replace(told, state=state, needs=tuple(needs[:_MOST_NEEDED]), missing=len(undone))

    @staticmethod
    def _is_on(holder: Record, key: bytes, digest: bytes) -> bool:
        """Return whether a claim is on this task: one on a shard is on what its holder runs just now."""
        return key != SHARD or holder.digest == digest.hex()

    def _undone(self, indices: Sequence[int]) -> list[int]:
        needed = dict.fromkeys(i for index in indices for i in self._graph.dependencies(index))
        missing = self._store.missing(self._graph.digests[i] for i in needed)
        return [i for i in needed if self._graph.digests[i] in missing]

    def _cause(self, index: int) -> str:
        """Return what holds up a task that is not done: a failure behind it, or how itself stands."""
        level, seen = [index], {index}
        own = ""
        while level and len(seen) < _DEEPEST:
            views = {shard: self._store.look(shard) for shard in {self._shard(i) for i in level}}
            if any(self._graph.digests[i] in views[self._shard(i)].failed for i in level):
                return FAILED
            below = self._undone(level)
            own = own or (WAITING if below else RUNNING if self._is_run(index) else READY)
            level = [i for i in below if i not in seen]
            seen.update(level)
        return own

    def _is_run(self, index: int) -> bool:
        digest = self._graph.digests[index]
        return any(
            holder and self._is_on(holder, claim.key, digest) for claim, holder in self._store.inspect(digest).claims
        )

    def _shard(self, index: int) -> int:
        return self._store.shard_of(self._graph.digests[index])

    def _written(self, index: int) -> str:
        task = self._graph.tasks[index]
        return brief.call(task.name, task.args, task.kwargs)


def next_step(task: Explained, at: str) -> Iterator[str]:
    """Yield what happens next with a task by itself, or what to do.

    Args:
        at: As `target.named` has it.
    """
    if task.state == DONE:
        yield f"nothing: its result is there. To have it computed again: jughpc invalidate{at} --name {task.name}"
    elif task.state == FAILED and task.failure and not task.failure.deaths:
        again = f"jughpc failures{at} --retry-failed"
        yield f"the next submit or execute runs it again; workers that are there do so after: {again}"
    elif task.state == FAILED:
        yield f"it is run again after: jughpc failures{at} --retry-failed"
    elif task.state == BLOCKED:
        yield f"it is run once those are done; they are tried again after: jughpc failures{at} --retry-failed"
    elif task.state == RUNNING:
        yield "it is being run"
    elif task.state == HELD:
        yield f"the next worker takes it over; to free it now: jughpc cleanup{at} --locks-only"
    if task.hands and not (task.state == HELD and task.hands.workers):
        yield _taken_up(task, task.hands, at)


def _taken_up(task: Explained, hands: Hands, at: str) -> str:
    """Return by whom a task is taken up, and when."""
    if task.state == WAITING and (hands.workers or hands.goes_on):
        return "it is run once those are done"
    if hands.workers:
        return "a worker takes it as soon as one is free" + (", last of all, for workers died of it" * bool(task.died))
    if hands.queued:
        why = f" ({hands.why})" if hands.why else ""
        return f"{several(hands.queued, 'element')} in the queue will run it{why}: jughpc status{at}"
    if hands.trouble:
        return f"nobody works on it now, and the scheduler does not tell who will: {hands.trouble}"
    if hands.goes_on:
        more = f"with more {hands.lacked}" if hands.lacked else f"with {hands.asks}" if hands.asks else "for it"
        return f"no element runs it now; the collector queues some {more} once those that go on have ended"
    return f"nobody works on it: jughpc submit{at}, or jughpc execute{at}"
