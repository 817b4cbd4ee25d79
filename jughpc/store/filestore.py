"""The file store: results, failures, claims and lives in one shared folder; see docs/store-format.md."""

from __future__ import annotations

import json
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from dataclasses import asdict, replace

from jughpc.errors import CorruptResultError, ResultMissingError
from jughpc.fs import Buffer, Clock, Files
from jughpc.store import record as records
from jughpc.store import resultfile
from jughpc.store.base import Failure, Pace, View
from jughpc.store.claims import LinkClaims
from jughpc.store.judge import WORKERS, IsGone, Judge, record_path
from jughpc.store.record import Record
from jughpc.store.resultfile import DamagedError, Encoded, Entry
from jughpc.store.shards import (
    Layout,
    claim_name,
    failure_name,
    marker_name,
    read_listing,
    read_marker,
    result_name,
    set_name,
)

ENDED = ".ended"

Index = dict[bytes, Entry]

_MOST_INDICES = 1024  # packs whose index is kept in memory, about 256 results each


class FileStore:
    """Meets base.Store on a shared folder."""

    def __init__(self, files: Files, clock: Clock, layout: Layout, pace: Pace, is_gone: IsGone) -> None:
        self._files, self._clock, self._layout, self._is_gone = files, clock, layout, is_gone
        self.pace = pace
        self.shards = layout.shards
        self._token = secrets.token_hex(4)
        self._written = 0
        self._indices: OrderedDict[str, Index] = OrderedDict()
        self._listed: OrderedDict[int, tuple[set[bytes], list[str]]] = OrderedDict()

    def shard_of(self, digest: bytes) -> int:
        return self._layout.shard_of(digest)

    # results

    def look(self, shard: int) -> View:
        folder = self._layout.folder(shard)
        listing = read_listing(self._files.names(folder))
        packs = sorted(f"{folder}/{name}" for name in listing.packs)
        self._remember(shard, set(listing.view.done), packs)
        for path in packs:
            listing.view.done.update(self._index(path))
        return listing.view

    def get(self, digest: bytes) -> object:
        shard = self.shard_of(digest)
        for look_again in (False, True):
            if look_again or shard not in self._listed:
                self.look(shard)
            for path in self._places(shard, digest):
                with suppress(FileNotFoundError):  # packed or set aside since it was listed
                    return self._load(path, digest)
        raise ResultMissingError(f"there is no result for task {digest.hex()}")

    def put(self, digest: bytes, value: object) -> None:
        self.publish(self.shard_of(digest), {digest: resultfile.encode(value)}, self._token)

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        self._written += 1
        unique = f"{life}-{self._token}-{self._written}"
        name = result_name(next(iter(results))) if len(results) == 1 else f"{unique}.pack"
        folder = self._layout.folder(shard)
        self._publish(f"{folder}/{name}", f"{folder}/{unique}.tmp", resultfile.pack(results))
        self._listed.pop(shard, None)

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        return {
            digest for shard, members in self._by_shard(digests).items() for digest in members - self.look(shard).done
        }

    def remove(self, digests: Iterable[bytes]) -> int:
        return sum(self._remove(shard, members) for shard, members in self._by_shard(digests).items())

    # failures

    def fail(self, failure: Failure) -> None:
        fields = {**asdict(failure), "digest": failure.digest.hex()}
        path = self._failure_path(failure.digest)
        self._written += 1
        temporary = f"{path}.{self._token}-{self._written}.tmp"
        self._publish(path, temporary, [json.dumps(fields, indent=1).encode()])

    def failure(self, digest: bytes) -> Failure | None:
        try:
            fields = json.loads(self._files.read(self._failure_path(digest)))
        except FileNotFoundError:
            return None
        return Failure(**{**fields, "digest": bytes.fromhex(fields["digest"])})

    def forget_failures(self, digests: Iterable[bytes]) -> int:
        count = 0
        for shard, members in self._by_shard(digests).items():
            for digest in members & self.look(shard).failed:
                self._files.remove(self._failure_path(digest))
                count += 1
        return count

    # shards that are done

    def complete(self) -> set[tuple[int, str]]:
        return {marker for name in self._files.names("complete") if (marker := read_marker(name))}

    def mark_complete(self, shard: int, tasks: Set[bytes]) -> None:
        marker = self._marker(shard, set_name(tasks))
        with suppress(FileExistsError):
            self._files.write(marker, [])
        if tasks - self.look(shard).done:  # invalidated between the look before and the marker
            self._files.remove(marker)

    def unmark_complete(self, shards: set[int]) -> None:
        """Take back what was said of these shards."""
        for shard, tasks in self.complete():
            if shard in shards:
                self._files.remove(self._marker(shard, tasks))

    # lives

    def claims(self, life: str) -> LinkClaims:
        return LinkClaims(self._files, self._layout, self.look, self.judge(), life)

    def judge(self) -> Judge:
        """Return a new observer of lives, who has seen nobody yet."""
        return Judge(self._files, self._clock, self._is_gone, self.pace.ttl, patience=self.pace.beat)

    def claim_path(self, shard: int, key: bytes, generation: int) -> str:
        """Return the path of a claim."""
        return f"{self._layout.folder(shard)}/{claim_name(key, generation)}"

    def holder(self, shard: int, key: bytes, generation: int) -> Record | None:
        """Return the record of the life that holds a claim, None if it was released meanwhile."""
        return self.judge().holder(self.claim_path(shard, key, generation))

    def remove_claim(self, shard: int, key: bytes, generation: int) -> None:
        """Remove a claim, whoever holds it: for cleanup alone."""
        self._files.remove(self.claim_path(shard, key, generation))

    def shards_in_use(self) -> list[int]:
        """Return the shards that have a folder; costs one listing."""
        numbers = {self._layout.name(shard): shard for shard in range(self.shards)}
        return sorted(numbers[name] for name in self._files.names("shards") if name in numbers)

    def record_path(self, life: str) -> str:
        """Return the path of a life's record."""
        return record_path(life)

    def forget_life(self, life: str) -> None:
        """Remove the record of a life that is dead; it keeps its claims' text alive no longer than they last."""
        self._files.remove(record_path(life))

    def begin(self, record: Record) -> None:
        self._files.write(record_path(record.life), [records.encode(record)])

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
        """Return the names of the lives that ended well; costs one listing."""
        return [name.removesuffix(ENDED) for name in self._files.names(WORKERS) if name.endswith(ENDED)]

    # below

    def _record(self, life: str) -> Record | None:
        try:
            return records.decode(self._files.read(record_path(life)))
        except FileNotFoundError:
            return None

    def _publish(self, path: str, temporary: str, parts: list[Buffer]) -> None:
        """Give `path` its content at once, safe on disk; whatever fails, `path` stays as it was."""
        try:
            self._files.write(temporary, parts)
            self._files.rename(temporary, path)
        except OSError:
            with suppress(OSError):
                self._files.remove(temporary)
            raise

    def _by_shard(self, digests: Iterable[bytes]) -> dict[int, set[bytes]]:
        slices: dict[int, set[bytes]] = {}
        for digest in digests:
            slices.setdefault(self.shard_of(digest), set()).add(digest)
        return slices

    def _marker(self, shard: int, tasks: str) -> str:
        return f"complete/{marker_name(self._layout, shard, tasks)}"

    def _failure_path(self, digest: bytes) -> str:
        return f"{self._layout.folder(self.shard_of(digest))}/{failure_name(digest)}"

    def _remember(self, shard: int, singles: set[bytes], packs: list[str]) -> None:
        self._listed[shard] = singles, packs
        self._listed.move_to_end(shard)
        if len(self._listed) > _MOST_INDICES:
            self._listed.popitem(last=False)

    def _index(self, path: str) -> Index:
        """Return what a pack holds; a damaged or vanished one holds nothing."""
        if (index := self._indices.get(path)) is None:
            try:
                index = self._read_index(path)
            except FileNotFoundError:
                return {}
            except DamagedError:
                self._set_aside(path)
                return {}
            self._indices[path] = index
            if len(self._indices) > _MOST_INDICES:
                self._indices.popitem(last=False)
        return index

    def _read_index(self, path: str) -> Index:
        head = self._files.read(path, resultfile.HEAD)
        if (size := resultfile.index_size(head)) > len(head):
            head = self._files.read(path, size)
        return resultfile.read_index(head)

    def _places(self, shard: int, digest: bytes) -> list[str]:
        """Return the files that held the result of `digest` when the shard was last listed."""
        singles, packs = self._listed.get(shard, (set(), []))
        single = [f"{self._layout.folder(shard)}/{result_name(digest)}"] if digest in singles else []
        return single + [path for path in packs if digest in self._index(path)]

    def _load(self, path: str, digest: bytes) -> object:
        data = self._files.map(path)
        try:
            return resultfile.decode(data, resultfile.read_index(data)[digest])
        except (DamagedError, KeyError) as error:
            self._set_aside(path)
            raise CorruptResultError(
                f"the result file {path} is damaged: {error}. It was set aside as {path}.corrupt, and its task "
                "is ready again: run `jughpc execute` or `jughpc submit` to compute it anew."
            ) from error

    def _set_aside(self, path: str) -> None:
        """Move a damaged file out of the way; what is whole in it is kept."""
        shard = int(path.split("/")[1], 16)
        self.unmark_complete({shard})
        with suppress(DamagedError):
            data = self._files.map(path)
            whole = dict(resultfile.intact(data, resultfile.read_index(data)))
            if whole and path.endswith(".pack"):
                self.publish(shard, whole, "rescued")
        with suppress(FileNotFoundError):
            self._files.rename(path, f"{path}.corrupt")
        self._listed.pop(shard, None)

    def _remove(self, shard: int, digests: set[bytes]) -> int:
        """Remove results and failures of one shard, then what was said of it as a whole."""
        gone = self.look(shard).done & digests
        singles, packs = self._listed[shard]
        for path in packs:
            if doomed := digests & self._index(path).keys():
                self._rewrite_without(shard, path, doomed)
        for digest in digests & singles:
            self._files.remove(f"{self._layout.folder(shard)}/{result_name(digest)}")
        self.forget_failures(digests)
        self._listed.pop(shard, None)
        self.unmark_complete({shard})  # last: a worker that marks meanwhile looks again after it marked
        return len(gone)

    def _rewrite_without(self, shard: int, path: str, doomed: set[bytes]) -> None:
        data = self._files.map(path)
        kept = {d: e for d, e in resultfile.intact(data, self._index(path)) if d not in doomed}
        if kept:
            self.publish(shard, kept, "kept")
        self._files.remove(path)
