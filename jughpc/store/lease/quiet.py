"""The lease of the only worker there is: nobody watches it, so nothing beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jughpc.store.base import Claim, Store
from jughpc.store.record import Record


class QuietLease:
    """Meets lease.Lease with one life, which is never late and whose store ends with the process."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self._store: Store | None = None

    def begin(self, store: Store) -> None:
        store.begin(self.record)
        self._store = store

    def ends_at(self, deadline: float, *, has_all_time: bool) -> None:
        pass

    def knock_at(self, when: float) -> None:
        pass

    def late(self) -> bool:
        return False

    def renew(self, reason: str) -> None:
        pass

    def note(self, name: str, digest: bytes, since: float) -> None:
        pass

    def begin_batch(self, claim: Claim, digests: Sequence[bytes]) -> None:
        self._batch = claim

    def step(self, number: int, name: str, since: float) -> bool:
        return False

    def end_batch(self) -> list[Claim]:
        return [self._batch]

    def count(self, done: int, failed: int) -> None:
        pass

    def end(self, reason: str) -> None:
        if self._store is not None:  # what it failed at is the past's by then: the next in this process tries again
            self._store.end(replace(self.record, reason=reason))
