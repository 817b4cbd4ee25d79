"""A store as a worker asks it: what it cannot answer now, it is asked again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set

from jughpc.store.base import Store, View
from jughpc.store.believed import Broken, broken
from jughpc.store.death import Death
from jughpc.store.failure import Failure
from jughpc.store.record import Record
from jughpc.worker.patience import Patience

_LOOK = "look at the store"


class PatientStore:
    """What a worker asks of its store besides claims and results; see base.Store.

    Each may raise GivenUpError or Interrupted in place of OSError.

    Attributes:
        bare: The store itself, which raises OSError.
    """

    def __init__(self, store: Store, patience: Patience) -> None:
        self.bare, self._through = store, patience.through

    def look(self, shard: int) -> View:
        return self._through(lambda: self.bare.look(shard), _LOOK)

    def complete(self) -> set[tuple[int, str]]:
        return self._through(self.bare.complete, _LOOK)

    def broken(self, marks: Mapping[int, str], tasks: Callable[[int], Set[bytes]]) -> dict[int, Broken]:
        return self._through(lambda: broken(self.bare, marks, tasks), _LOOK)

    def mark_complete(self, shard: int, tasks: Set[bytes]) -> None:
        self._through(lambda: self.bare.mark_complete(shard, tasks), "say that a shard is done")

    def unmark_complete(self, shards: Set[int]) -> None:
        self._through(lambda: self.bare.unmark_complete(shards), "take back that a shard is done")

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        wanted = list(digests)
        return self._through(lambda: self.bare.missing(wanted), _LOOK)

    def fail(self, failure: Failure) -> None:
        self._through(lambda: self.bare.fail(failure), f"store the failure of {failure.name}", in_hand=True)

    def failure(self, digest: bytes) -> Failure | None:
        return self._through(lambda: self.bare.failure(digest), _LOOK)

    def forget_failures(self, digests: Iterable[bytes]) -> int:
        doomed = list(digests)
        return self._through(lambda: self.bare.forget_failures(doomed), "remove a failure that is over")

    def bury(self, death: Death) -> None:
        self._through(lambda: self.bare.bury(death), "write down that a task killed a worker")

    def death_at(self, shard: int, key: bytes, generation: int) -> Death | None:
        return self._through(lambda: self.bare.death_at(shard, key, generation), _LOOK)

    def deaths(self, digest: bytes) -> list[Death]:
        return self._through(lambda: self.bare.deaths(digest), _LOOK)

    def acquit(self, digest: bytes, life: str) -> None:
        self._through(lambda: self.bare.acquit(digest, life), "take back that a task killed a worker")

    def ended(self) -> list[str]:
        return self._through(self.bare.ended, _LOOK)

    def records(self) -> list[Record]:
        return self._through(self.bare.records, _LOOK)
