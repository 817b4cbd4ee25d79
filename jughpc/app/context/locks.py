"""Locks that a script takes by hand: claims, in the name of a life that lasts as long as the script."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from jughpc.app.context.lease import new_lease
from jughpc.fs import OsClock
from jughpc.host import at_my_end
from jughpc.store.base import Claim, Claims, Store
from jughpc.store.failure import Failure
from jughpc.store.lease.lease import Lease
from jughpc.store.location import Location


class Lockable(Protocol):
    """A store whose tasks can be locked, and what this process holds there.

    Attributes:
        held: The claims that were taken, by digest.
    """

    location: Location
    results: Store
    held: dict[bytes, Claim]


@dataclass(frozen=True)
class _Holder:
    store: Lockable
    lease: Lease
    claims: Claims


_holders: dict[int, _Holder] = {}  # by the id of a store, which the holder keeps alive


class TaskLock:
    """The lock of one task; see tasks.results.Lock. A claim goes when the script lets go, or dies."""

    def __init__(self, store: Lockable, digest: bytes) -> None:
        self._store, self._digest = store, digest

    def get(self) -> bool:
        """Take it; False if it is taken, or the task failed."""
        if self._digest in self._store.held or self.is_failed():
            return False
        shard = self._store.results.shard_of(self._digest)
        claim, _ = _holder(self._store).claims.take(shard, self._digest, self._store.results.look(shard))
        if claim:
            self._store.held[self._digest] = claim
        return claim is not None

    def release(self) -> None:
        """Let others have it; a failure is forgotten, for in jug that is the lock itself."""
        self._store.results.forget_failures([self._digest])
        claim = self._store.held.pop(self._digest, None)
        if claim:
            _holder(self._store).claims.release(claim)

    def is_locked(self) -> bool:
        return self._digest in self._store.held or self.is_failed() or any(self._living())

    def fail(self) -> bool:
        """Record a failure, which keeps workers of arrays off this task."""
        life = _holder(self._store).lease.record
        words = "marked as failed by a script"
        failure = Failure(self._digest, "", words, "", life.life, life.host, life.owner, OsClock().wall())
        self._store.results.fail(failure)
        return True

    def is_failed(self) -> bool:
        return self._store.results.failure(self._digest) is not None

    def _living(self) -> Iterator[bool]:
        """Yield whether its holder may live, for each claim that covers this task."""
        store = self._store.results
        for claim, _ in store.inspect(self._digest).claims:
            yield not store.observer().proof(claim.shard, claim.key, claim.generation)


def _holder(store: Lockable) -> _Holder:
    """Return in whose name this process locks in `store`: a life begun at the first lock."""
    if id(store) not in _holders:
        lease = new_lease(store.location, OsClock())
        lease.begin(store.results)
        _holders[id(store)] = holder = _Holder(store, lease, store.results.claims(lease.record.life, done_too=True))
        at_my_end(_end, holder)
    return _holders[id(store)]


def _end(holder: _Holder) -> None:
    for claim in holder.store.held.values():
        holder.claims.release(claim)
    holder.lease.end("its script ended")
