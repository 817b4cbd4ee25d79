"""The file store: results, failures, claims and lives in one shared folder; see docs/store-format.md."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import asdict, replace

from jughpc.aside import publish
from jughpc.errors import StoreError
from jughpc.fs import Clock, Files
from jughpc.store import death as deaths
from jughpc.store import failure as failures
from jughpc.store import record as records
from jughpc.store.base import Claims, Inspection, Pace, Swept, View, by_shard, inspection
from jughpc.store.checkpoints import Checkpoints
from jughpc.store.death import Death
from jughpc.store.failure import Failure
from jughpc.store.files.claims import LinkClaims
from jughpc.store.files.layout import (
    COMPLETE,
    SHARDS,
    Layout,
    claim_path,
    death_name,
    failure_name,
    marker_name,
    read_marker,
    set_name,
)
from jughpc.store.files.liveness import ENDED, WORKERS, FolderObserver, IsGone, Liveness, read_record, record_path
from jughpc.store.files.measuring import MEASURES, Measuring
from jughpc.store.files.packing import SMALL, merge
from jughpc.store.files.results import Results
from jughpc.store.measures import LARGEST
from jughpc.store.record import Record
from jughpc.store.resultfile import Encoded, encode

_LARGEST_FAILURE = 16 << 20  # [bytes] of a traceback and what was raised


class FileStore:
    """Meets base.Store on a shared folder.

    Args:
        token: Tells this process's files from all others', ever; made up if empty.
        checkpoints: The folders of tasks' own, None where there is no room for any.
    """

    may_forget, caution = False, ""

    def __init__(
        self,
        files: Files,
        clock: Clock,
        layout: Layout,
        pace: Pace,
        is_gone: IsGone,
        token: str = "",
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._files, self._clock, self._layout, self._is_gone = files, clock, layout, is_gone
        self.pace, self.checkpoints = pace, checkpoints
        self.shards, self.shard_of = layout.shards, layout.shard_of
        self._measures = Measuring(files)
        self._results = Results(files, layout, clock.now, lambda shard: self.unmark_complete({shard}), token)

    # results

    def look(self, shard: int) -> View:
        return self._results.look(shard)

    def get(self, digest: bytes) -> object:
        try:
            return self._results.get(digest)
        except OSError as error:  # no fault of the task that asks for it
            words = f"the result of task {digest.hex()} cannot be read now: {error}. Try again later."
            raise StoreError(words) from error

    def assure(self) -> None:
        self._results.assure()

    def put(self, digest: bytes, value: object) -> None:
        self.publish(self.shard_of(digest), {digest: encode(value)}, "put")

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        self._results.publish(shard, results, life)

    def shards_in_use(self) -> list[int]:
        numbers = {self._layout.name(shard): shard for shard in range(self.shards)}
        return sorted(numbers[name] for name in self._files.names(SHARDS) if name in numbers)

    def inspect(self, digest: bytes) -> Inspection:
        return inspection(self, digest)

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        return {
            digest
            for shard, members in by_shard(self.shard_of, digests).items()
            for digest in self.look(shard).lacking(members)
        }

    def remove(self, digests: Iterable[bytes]) -> int:
        digests = set(digests)
        members = by_shard(self.shard_of, digests)
        self.unmark_complete(members.keys())  # first: if this ends half-way, nothing that is gone is called done
        try:
            count = sum(self._results.remove(shard, members[shard]) for shard in members)
            self.forget_failures(digests)
            if self.checkpoints:
                self.checkpoints.remove(digests)
        finally:
            self.unmark_complete(members.keys())  # last: somebody may have looked before, and marked meanwhile
        return count

    # failures

    def fail(self, failure: Failure) -> None:
        fields = {**asdict(failure), "digest": failure.digest.hex()}
        path = self._failure_path(failure.digest)
        publish(self._files, path, f"{path}.{self._results.unique()}.tmp", [json.dumps(fields, indent=1).encode()])

    def failure(self, digest: bytes) -> Failure | None:
        try:
            return failures.decode(self._files.read(self._failure_path(digest), _LARGEST_FAILURE), digest)
        except FileNotFoundError:
            return None

    def forget_failures(self, digests: Iterable[bytes]) -> int:
        count = 0
        for shard, members in by_shard(self.shard_of, digests).items():
            for digest in sorted(members & self.look(shard).failed):
                self._files.remove(self._failure_path(digest))
                count += 1
        return count

    # deaths

    def death_at(self, shard: int, key: bytes, generation: int) -> Death | None:
        path, liveness = self.claim_path(shard, key, generation), self.liveness()
        if holder := liveness.holder(path):
            return deaths.of_holder(holder, key)
        made = liveness.maker(path)  # where links are refused a claim outlasts the record, which somebody removed
        return deaths.of_holder(made, key) if made and made.life not in self.ended() else None

    def bury(self, death: Death) -> None:
        path = self._death_path(death.digest, death.life)
        publish(self._files, path, f"{path}.{self._results.unique()}.tmp", [deaths.encode(death)])

    def deaths(self, digest: bytes) -> list[Death]:
        lives = self.look(self.shard_of(digest)).deaths.get(digest, ())
        found = (self._death(digest, life) for life in sorted(lives))
        return sorted((death for death in found if death), key=lambda death: death.when)

    def acquit(self, digest: bytes, life: str) -> None:
        self._files.remove(self._death_path(digest, life))

    def forget_deaths(self, digests: Iterable[bytes]) -> None:
        liveness = self.liveness()
        for shard, members in by_shard(self.shard_of, digests).items():
            view = self.look(shard)
            claims = view.claims
            for key in claims.keys() & members:
                *over, last = claims[key]  # who made a later claim saw the holders of those before it dead
                if liveness.proof(self.claim_path(shard, key, last)):
                    over.append(last)
                for generation in over:  # first: whoever takes over from one of these writes its death down anew
                    self.remove_claim(shard, key, generation)
            for digest in view.deaths.keys() & members:
                for life in view.deaths[digest]:
                    self.acquit(digest, life)

    # shards that are done

    def complete(self) -> set[tuple[int, str]]:
        return {marker for name in self._files.names(COMPLETE) if (marker := read_marker(name))}

    def mark_complete(self, shard: int, tasks: Set[bytes]) -> None:
        marker = self._marker(shard, set_name(tasks))
        doubtful = f"{marker}.{self._results.unique()}.tmp"
        self._files.save(doubtful, [])  # a name that means nothing yet: no lie may stay if this process dies here
        if self.look(shard).lacking(tasks):  # removed between the look before and the mark
            self._files.remove(doubtful)
            return
        with suppress(FileNotFoundError):  # who removed a result after that look took the mark away
            self._files.rename(doubtful, marker)
        self._results.forget(shard)

    def unmark_complete(self, shards: Set[int]) -> None:
        for _ in range(2):  # a listing may miss a name that changes while it is read
            for name in self._files.names(COMPLETE):
                marker = ".".join(name.split(".")[:2])
                if (found := read_marker(marker)) and found[0] in shards:
                    self._files.remove(f"{COMPLETE}/{name}")  # first: what is doubtful could still become a mark
                    self._files.remove(f"{COMPLETE}/{marker}")

    # lives

    def claims(self, life: str, done_too: bool = False) -> Claims:
        return LinkClaims(self._files, self._layout, self.look, self.liveness(), life, done_too)

    def claimant(self, shard: int, key: bytes, generation: int) -> Record | None:
        return self.liveness().holder(self.claim_path(shard, key, generation))

    def observer(self) -> FolderObserver:
        return FolderObserver(self.liveness(), self._layout)

    def liveness(self) -> Liveness:
        """Return what judges lives by the paths of their claims, and has seen nobody yet."""
        return Liveness(self._files, self._clock, self._is_gone, self.pace.ttl, patience=self.pace.beat)

    def claim_path(self, shard: int, key: bytes, generation: int) -> str:
        """Return the path of a claim."""
        return claim_path(self._layout, shard, key, generation)

    def folder(self, shard: int) -> str:
        """Return the path of a shard's folder."""
        return self._layout.folder(shard)

    def remove_claim(self, shard: int, key: bytes, generation: int) -> None:
        self._files.remove(self.claim_path(shard, key, generation))

    def record_path(self, life: str) -> str:
        """Return the path of a life's record."""
        return record_path(life)

    def forget_life(self, life: str) -> None:
        self._files.remove(record_path(life))

    def begin(self, record: Record) -> None:
        path, text = record_path(record.life), records.encode(record)
        try:
            self._files.write(path, [text])
        except FileExistsError:  # a name made for this life alone: the reply to our own success was lost
            self._files.rewrite(path, text)

    def beat(self, record: Record) -> None:
        self._files.rewrite(record_path(record.life), records.encode(record))

    def end(self, record: Record) -> None:
        path = record_path(record.life)
        self._files.rewrite(path, records.encode(replace(record, state=records.ENDED)))
        self._files.rename(path, path + ENDED)

    def records(self) -> list[Record]:
        lives = (name for name in self._files.names(WORKERS) if "." not in name)
        return [record for life in lives if (record := self._record(life))]

    def ended(self) -> list[str]:
        return [name.removesuffix(ENDED) for name in self._files.names(WORKERS) if name.endswith(ENDED)]

    def ended_records(self, lives: Iterable[str]) -> list[Record]:
        return [record for life in lives if (record := self._record(life, ENDED))]

    def forget_ended(self, lives: Iterable[str]) -> int:
        return self._remove(WORKERS, [life + ENDED for life in lives])

    # measures

    def keep_measures(self, life: str, data: bytes) -> None:
        self._measures.keep(life, data)

    def measured(self) -> list[str]:
        return self._files.names(MEASURES)

    def measures(self, life: str, limit: int = LARGEST) -> bytes:
        return self._measures.read(life, limit)

    def forget_measures(self, lives: Iterable[str]) -> int:
        return self._remove(MEASURES, list(lives))

    # upkeep

    def scattered(self, shard: int) -> int:
        return self._results.scattered(shard)

    def pack(self, shard: int, life: str, most: int = SMALL, is_ours: Callable[[], bool] = lambda: True) -> int:
        unique = f"{life}-{self._results.unique()}"  # of each pack anew: the former one is removed with what it merges
        return merge(self._files, self.folder(shard), unique, most, is_ours)

    def sweep(self, living: Set[str]) -> Swept:
        from jughpc.store.files.leftovers import abandoned, set_aside  # only now: no worker does that

        names, shards = self._files.names, [self.folder(shard) for shard in self.shards_in_use()]
        temporary = sum(self._remove(place, abandoned(names(place), living)) for place in ("", COMPLETE, *shards))
        return Swept(temporary, sum(self._remove(shard, set_aside(names(shard))) for shard in shards))

    def save(self) -> None:
        pass  # all of it is kept already

    # below

    def _record(self, life: str, suffix: str = "") -> Record | None:
        try:
            return read_record(self._files, record_path(life) + suffix, life)
        except FileNotFoundError:
            return None

    def _remove(self, folder: str, names: list[str]) -> int:
        for name in names:
            self._files.remove(f"{folder}/{name}" if folder else name)
        return len(names)

    def _marker(self, shard: int, tasks: str) -> str:
        return f"{COMPLETE}/{marker_name(self._layout, shard, tasks)}"

    def _death(self, digest: bytes, life: str) -> Death | None:
        try:
            return deaths.decode(self._files.read(self._death_path(digest, life), deaths.LARGEST), digest, life)
        except FileNotFoundError:  # taken back since
            return None

    def _death_path(self, digest: bytes, life: str) -> str:
        return f"{self._layout.folder(self.shard_of(digest))}/{death_name(digest, life)}"

    def _failure_path(self, digest: bytes) -> str:
        return f"{self._layout.folder(self.shard_of(digest))}/{failure_name(digest)}"
