"""Deaths of workers as their scheduler explains them: what it ended itself is no death of a task's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from jughpc.app.status.elements import Jobs
from jughpc.batch.causes import Cause
from jughpc.batch.scheduler import State, Status
from jughpc.store.base import Store
from jughpc.store.death import Death
from jughpc.store.record import MEMORY, TIME, UNKNOWN, ElementRef

_NOT_THE_TASKS = (Cause.PREEMPTED, Cause.NODE_FAIL, Cause.REQUEUED, Cause.USER, Cause.LAUNCH)


class Witness:
    """What is known of the elements of one submission, None if there is none.

    Args:
        lives: All lives that are known, of which a later run of an element tells that the former was ended.
    """

    def __init__(self, jobs: Jobs | None, lives: Iterable[str]) -> None:
        self._jobs, self._runs = jobs, dict[int, int]()
        for ref in map(ElementRef.of_life, lives):
            if ref and jobs and ref.submission == jobs.submission.token:
                self._runs[ref.element] = max(ref.run, self._runs.get(ref.element, 0))

    @classmethod
    def of(cls, jobs: Jobs | None, store: Store) -> Witness:
        """Return what the scheduler's word and the lives in `store` tell."""
        return cls(jobs, [record.life for record in store.records()] + store.ended())

    def on(self, death: Death) -> Death | None:
        """Return `death` with what is known by now of how it came, None if it is no death of its task's."""
        if self._jobs is None or death.how != UNKNOWN or death.submission != self._jobs.submission.token:
            return death
        if death.run < self._runs.get(death.element, 0):
            return None
        status = self._jobs.poll.elements.get(death.element)
        return _explained(death, status) if status else death


def write_down(store: Store, witness: Witness, shard: int, key: bytes, generation: int) -> None:
    """Write down the death that a claim tells of, before it is removed; its holder must be known to be dead."""
    death = store.death_at(shard, key, generation)
    if death and death.life not in store.look(shard).deaths.get(death.digest, ()) and (known := witness.on(death)):
        store.bury(known)


def reconsider(store: Store, witness: Witness) -> None:
    """Take back the deaths that turn out to be none of their task's, and the failures for them."""
    acquitted = {
        death.digest
        for shard in store.shards_in_use()
        for digest in store.look(shard).deaths
        for death in store.deaths(digest)
        if _is_taken_back(store, death, witness.on(death))
    }
    failures = (store.failure(digest) for digest in acquitted)
    store.forget_failures([failure.digest for failure in failures if failure and failure.deaths])


def _is_taken_back(store: Store, death: Death, known: Death | None) -> bool:
    if known is None:
        store.acquit(death.digest, death.life)
    elif known != death:
        store.bury(known)
    return known is None


def _explained(death: Death, status: Status) -> Death | None:
    cause = status.why.cause if status.why else None
    if cause in _NOT_THE_TASKS or status.state in (State.QUEUED, State.CANCELLED):
        return None
    if cause is Cause.TIME_LIMIT:
        words = "met its time limit, all of which this task had, as the scheduler says"
        return None if death.before else replace(death, how=TIME, words=words)
    if cause is Cause.OUT_OF_MEMORY:
        return replace(death, how=MEMORY, words="ran out of memory, as the scheduler says")
    return death
