"""The memory store (`dict_store`): one process, so every claim is won and nobody ever dies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set

from jughpc.aside import publish
from jughpc.errors import JugdirError, ResultMissingError
from jughpc.fs import Files
from jughpc.inode import new_token
from jughpc.store import resultfile
from jughpc.store.base import Claim, Inspection, Pace, Seen, Swept, View, inspection
from jughpc.store.death import Death
from jughpc.store.failure import Failure
from jughpc.store.files.layout import set_name
from jughpc.store.measures import LARGEST
from jughpc.store.record import Record
from jughpc.store.resultfile import Encoded

_FAILURES = b"jughpc: failures"  # 16 bytes that are no digest: what failed, in the file


class MemoryStore:
    """Meets base.Store in a dict, of one shard. Results are kept encoded, as if they lay on disk."""

    shards, may_forget, caution, checkpoints = 1, False, "", None

    def __init__(self, files: Files | None = None, name: str = "") -> None:
        self._files, self._name = files, name
        self.pace = Pace()
        self._results: dict[bytes, bytes] = {}
        self._failures: dict[bytes, Failure] = {}
        self._deaths: dict[tuple[bytes, str], Death] = {}  # of what another told: who dies here takes this store along
        self._complete: set[tuple[int, str]] = set()
        self._lives: dict[str, Record] = {}
        self._claimed: dict[bytes, Claim] = {}
        self._measures: dict[str, bytes] = {}

    @classmethod
    def kept(cls, files: Files, name: str) -> MemoryStore:
        """Return the store that was saved in the file `name`, an empty one if there is no such file.

        Raises JugdirError if the file is none of ours, or damaged.
        """
        store = cls(files, name)
        if name in files.names(""):
            store._read(files.map(name))
        return store

    def save(self) -> None:
        """Write results and failures to the file that the store was read from, if there is one."""
        if self._files is None:
            return
        content = {digest: self._encoded(digest) for digest in self._results}
        content[_FAILURES] = resultfile.encode(list(self._failures.values()))
        publish(self._files, self._name, f"{self._name}.{new_token()}.tmp", resultfile.pack(content))

    def shard_of(self, digest: bytes) -> int:
        return 0

    def look(self, shard: int) -> View:
        view = View(done=set(self._results), failed=set(self._failures))
        for digest, life in self._deaths:
            view.deaths.setdefault(digest, set()).add(life)
        return view

    def get(self, digest: bytes) -> object:
        try:
            data = memoryview(self._results[digest])
        except KeyError:
            raise ResultMissingError(f"there is no result for task {digest.hex()}") from None
        return resultfile.decode(data, resultfile.read_index(data)[digest])

    def assure(self) -> None:
        """Do nothing: each result is checked before it is given."""

    def put(self, digest: bytes, value: object) -> None:
        self.publish(0, {digest: resultfile.encode(value)}, "")

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        for digest, encoded in results.items():
            self._results[digest] = b"".join(resultfile.pack({digest: encoded}))

    def shards_in_use(self) -> list[int]:
        return [0]

    def inspect(self, digest: bytes) -> Inspection:
        return inspection(self, digest)

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

    def death_at(self, shard: int, key: bytes, generation: int) -> Death | None:
        return None

    def bury(self, death: Death) -> None:
        self._deaths[death.digest, death.life] = death

    def deaths(self, digest: bytes) -> list[Death]:
        found = (death for death in self._deaths.values() if death.digest == digest)
        return sorted(found, key=lambda death: death.when)

    def acquit(self, digest: bytes, life: str) -> None:
        self._deaths.pop((digest, life), None)

    def forget_deaths(self, digests: Iterable[bytes]) -> None:
        doomed = set(digests)
        self._deaths = {key: death for key, death in self._deaths.items() if key[0] not in doomed}

    def complete(self) -> set[tuple[int, str]]:
        return set(self._complete)

    def mark_complete(self, shard: int, tasks: Set[bytes]) -> None:
        if not tasks - self._results.keys():
            self._complete.add((shard, set_name(tasks)))

    def unmark_complete(self, shards: Set[int]) -> None:
        self._complete = {mark for mark in self._complete if mark[0] not in shards}

    def claims(self, life: str, done_too: bool = False) -> MemoryClaims:
        return MemoryClaims(self, life, self._claimed, done_too)

    def claimant(self, shard: int, key: bytes, generation: int) -> Record | None:
        claim = self._claimed.get(key)
        return self._lives.get(claim.life) if claim and claim.generation == generation else None

    def observer(self) -> MemoryObserver:
        return MemoryObserver()

    def remove_claim(self, shard: int, key: bytes, generation: int) -> None:
        self._claimed.pop(key, None)

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

    def ended(self) -> list[str]:
        return []

    def ended_records(self, lives: Iterable[str]) -> list[Record]:
        return []

    def forget_life(self, life: str) -> None:
        self._lives.pop(life, None)

    def forget_ended(self, lives: Iterable[str]) -> int:
        return 0

    def keep_measures(self, life: str, data: bytes) -> None:
        self._measures[life] = data

    def measured(self) -> list[str]:
        return list(self._measures)

    def measures(self, life: str, limit: int = LARGEST) -> bytes:
        return self._measures.get(life, b"")[:limit]

    def forget_measures(self, lives: Iterable[str]) -> int:
        return sum(self._measures.pop(life, None) is not None for life in lives)

    def scattered(self, shard: int) -> int:
        return 0

    def pack(self, shard: int, life: str, most: int = 0, is_ours: Callable[[], bool] = lambda: True) -> int:
        return 0

    def sweep(self, living: Set[str]) -> Swept:
        return Swept()

    def _read(self, data: memoryview) -> None:
        try:
            index = resultfile.read_index(data)
            failures = resultfile.decode(data, index.pop(_FAILURES))
        except (resultfile.DamagedError, KeyError) as error:
            words = f"the file {self._name} is no whole store ({error}); move it away, or name another --jugdir."
            raise JugdirError(words) from None
        self._failures = {failure.digest: failure for failure in failures}
        self.publish(0, dict(resultfile.intact(data, index)), "")

    def _encoded(self, digest: bytes) -> Encoded:
        data = memoryview(self._results[digest])
        return dict(resultfile.intact(data, resultfile.read_index(data)))[digest]


class MemoryClaims:
    """The only worker's claims; no view shows them, for nobody else is to be kept off."""

    def __init__(self, store: MemoryStore, life: str, claimed: dict[bytes, Claim], done_too: bool = False) -> None:
        self._store, self._life, self._claimed, self._done_too = store, life, claimed, done_too

    def take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        fresh = self._store.look(shard)
        if key in fresh.done and not self._done_too:
            return None, fresh
        claim = self._claimed[key] = Claim(shard, key, 1, self._life)
        return claim, fresh

    def release(self, claim: Claim) -> None:
        self._claimed.pop(claim.key, None)

    def hand_back(self, claim: Claim) -> None:
        self.release(claim)


class MemoryObserver:
    """Has no proof of any death: who dies takes this store along."""

    def proof(self, shard: int, key: bytes, generation: int) -> str:
        return ""

    def proof_of(self, life: str, seen: Seen | None = None) -> str:
        return ""
