"""The memory store (`dict_store`): one process, so every claim is won and nobody ever dies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from jughpc.errors import ResultMissingError
from jughpc.store import resultfile
from jughpc.store.base import Claim, Failure, Pace, Store, View
from jughpc.store.record import Record
from jughpc.store.resultfile import Encoded
from jughpc.store.shards import set_name


class MemoryStore:
    """Meets base.Store in a dict, of one shard. Results are kept encoded, as if they lay on disk."""

    shards = 1

    def __init__(self) -> None:
        self.pace = Pace()
        self._results: dict[bytes, bytes] = {}
        self._failures: dict[bytes, Failure] = {}
        self._complete: set[tuple[int, str]] = set()
        self._lives: dict[str, Record] = {}

    def shard_of(self, digest: bytes) -> int:
        return 0

    def look(self, shard: int) -> View:
        return View(done=set(self._results), failed=set(self._failures))

    def get(self, digest: bytes) -> object:
        try:
            data = memoryview(self._results[digest])
        except KeyError:
            raise ResultMissingError(f"there is no result for task {digest.hex()}") from None
        return resultfile.decode(data, resultfile.read_index(data)[digest])

    def put(self, digest: bytes, value: object) -> None:
        self.publish(0, {digest: resultfile.encode(value)}, "")

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        for digest, encoded in results.items():
            self._results[digest] = b"".join(resultfile.pack({digest: encoded}))

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        return set(digests) - self._results.keys()

    def remove(self, digests: Iterable[bytes]) -> int:
        doomed = set(digests)
        self._complete.clear()
        self.forget_failures(doomed)
        return sum(self._results.pop(digest, None) is not None for digest in doomed)

    def fail(self, failure: Failure) -> None:
        self._failures[failure.digest] = failure

    def failure(self, digest: bytes) -> Failure | None:
        return self._failures.get(digest)

    def forget_failures(self, digests: Iterable[bytes]) -> int:
        return sum(self._failures.pop(digest, None) is not None for digest in set(digests))

    def complete(self) -> set[tuple[int, str]]:
        return set(self._complete)

    def mark_complete(self, shard: int, tasks: Set[bytes]) -> None:
        if not tasks - self._results.keys():
            self._complete.add((shard, set_name(tasks)))

    def claims(self, life: str) -> MemoryClaims:
        return MemoryClaims(self, life)

    def begin(self, record: Record) -> None:
        self._lives[record.life] = record

    def beat(self, record: Record) -> None:
        if record.life not in self._lives:
            raise FileNotFoundError(record.life)
        self._lives[record.life] = record

    def end(self, record: Record) -> None:
        self._lives.pop(record.life, None)

    def records(self) -> list[Record]:
        return list(self._lives.values())


class MemoryClaims:
    """The only worker's claims."""

    def __init__(self, store: MemoryStore, life: str) -> None:
        self._store, self._life = store, life

    def take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        fresh = self._store.look(shard)
        return (None if key in fresh.done else Claim(shard, key, 1, self._life)), fresh

    def holds(self, claim: Claim) -> bool:
        return True

    def release(self, claim: Claim) -> None:
        pass


class QuietPulse:
    """The life of the only worker: nobody watches it, so nothing beats."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def begin(self, store: Store) -> None:
        """Begin the life."""
        store.begin(self.record)

    def late(self) -> bool:
        """Return False: nobody could take over."""
        return False

    def renew(self, reason: str) -> None:
        """Do nothing: this life is never late."""

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Do nothing: nobody asks."""

    def count(self, done: int, failed: int) -> None:
        """Do nothing: nobody asks."""

    def end(self, reason: str) -> None:
        """Do nothing: the store ends with the process."""
