"""The redis store: results, failures, claims and lives on a server that all workers reach.

Keys, all below ``jughpc:<namespace>:``: `charter`; for each shard `results:xx`, `failures:xx` and
`claims:xx`, hashes by digest, and `deaths:xx`, a hash by digest and life; `complete`, a set; `lives`, a set, and for
each life `life:<life>`, its record, which expires unless it beats; `measures`, a hash by life.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import asdict
from itertools import islice
from typing import Any

from jughpc.errors import CorruptResultError, ResultMissingError, UnstorableError
from jughpc.store import death as deaths
from jughpc.store import failure as failures
from jughpc.store import record as records
from jughpc.store import resultfile
from jughpc.store.base import Inspection, Pace, Swept, View, by_shard, inspection
from jughpc.store.death import Death
from jughpc.store.failure import Failure
from jughpc.store.files.layout import Layout, marker_name, read_marker, set_name
from jughpc.store.measures import LARGEST as LARGEST_MEASURES
from jughpc.store.record import ALIVE, Record
from jughpc.store.redis import charter
from jughpc.store.redis.claims import RedisClaims, RedisObserver, generations, is_key, key_of
from jughpc.store.redis.server import Address, Connection, Secret
from jughpc.store.resultfile import DamagedError, Encoded

LARGEST = 128 << 20  # [bytes] of one result; redis itself ends at 512 MiB, and holds all of it in memory

_KINDS = ("results", "failures", "claims", "deaths")  # of what is kept for each shard
_LAYOUT = Layout(bits=6)
_MOURNED = 86400  # [s] that the record of a life that died is kept for status
_AT_ONCE = 10_000  # questions in one message
_DIGEST = 16  # [bytes]
_OF_DEATH = re.compile(rb"(?s)(.{16})([A-Za-z0-9_-]{1,94})")


class RedisStore:
    """Meets base.Store on a redis server."""

    shards, may_forget, checkpoints = _LAYOUT.shards, True, None

    def __init__(self, server: Connection, pace: Pace, caution: str = "") -> None:
        self._server, self.pace, self.caution = server, pace, caution

    def shard_of(self, digest: bytes) -> int:
        return _LAYOUT.shard_of(digest)

    # results

    def look(self, shard: int) -> View:
        done, failed, claims, died = self._transaction(
            lambda pipe: [
                pipe.hkeys(self._key("results", shard)),
                pipe.hkeys(self._key("failures", shard)),
                pipe.hgetall(self._key("claims", shard)),
                pipe.hkeys(self._key("deaths", shard)),
            ]
        )
        held = {key_of(name): generations(text) for name, text in claims.items() if is_key(name)}
        view = View(set(filter(_is_digest, done)), set(filter(_is_digest, failed)), held)
        for name in died:
            if match := _OF_DEATH.fullmatch(name):
                view.deaths.setdefault(match[1], set()).add(match[2].decode())
        return view

    def get(self, digest: bytes) -> object:
        data = self._hash("hget", "results", digest)
        if data is None:
            self._unmark(self.shard_of(digest))  # the server may have dropped it, under a mark that promises it
            raise ResultMissingError(f"there is no result for task {digest.hex()}")
        try:
            view = memoryview(data)
            return resultfile.decode(view, resultfile.read_index(view)[digest])
        except (DamagedError, KeyError) as error:
            self.remove([digest])
            raise CorruptResultError(
                f"the result of task {digest.hex()} on the redis server was damaged: {error}. It was removed, and "
                "its task is ready again."
            ) from error

    def assure(self) -> None:
        """Do nothing: each result is checked before it is given."""

    def put(self, digest: bytes, value: object) -> None:
        self.publish(self.shard_of(digest), {digest: resultfile.encode(value)}, "put")

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        """Publish results of one shard. Raises UnstorableError for one that is larger than LARGEST."""
        for digest, encoded in results.items():
            if encoded.length > LARGEST:
                raise UnstorableError(
                    f"the result of task {digest.hex()} takes {encoded.length >> 20} MiB, and a redis store takes "
                    f"{LARGEST >> 20} MiB at most: use a folder as --jugdir, or return less."
                )
        content = {digest: b"".join(resultfile.pack({digest: one})) for digest, one in results.items()}
        self._server.do(lambda client: client.hset(self._key("results", shard), mapping=content))

    def shards_in_use(self) -> list[int]:
        keys = [[self._key(kind, shard) for kind in _KINDS] for shard in range(self.shards)]
        counts = self._transaction(lambda pipe: [pipe.exists(*some) for some in keys])
        return [shard for shard, count in enumerate(counts) if count]

    def inspect(self, digest: bytes) -> Inspection:
        return inspection(self, digest)

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        left = iter(digests)
        absent: set[bytes] = set()
        while some := list(islice(left, _AT_ONCE)):
            absent |= self._missing(some)
        return absent

    def remove(self, digests: Iterable[bytes]) -> int:
        return sum(self._remove(shard, members) for shard, members in by_shard(self.shard_of, digests).items())

    # failures

    def fail(self, failure: Failure) -> None:
        text = json.dumps({**asdict(failure), "digest": failure.digest.hex()})
        self._hash("hset", "failures", failure.digest, text)

    def failure(self, digest: bytes) -> Failure | None:
        text = self._hash("hget", "failures", digest)
        return None if text is None else failures.decode(text, digest)

    def forget_failures(self, digests: Iterable[bytes]) -> int:
        return sum(self._forget_failures(shard, members) for shard, members in by_shard(self.shard_of, digests).items())

    # deaths

    def death_at(self, shard: int, key: bytes, generation: int) -> Death | None:
        life = self._claims_of_all().life(shard, key, generation)
        if life and (holder := self._record(life)):
            return deaths.of_holder(holder, key)
        return Death(key, life, words="it did not beat, so the server dropped its record") if life and key else None

    def bury(self, death: Death) -> None:
        self._of_deaths("hset", death.digest, death.life, deaths.encode(death))

    def deaths(self, digest: bytes) -> list[Death]:
        lives = self.look(self.shard_of(digest)).deaths.get(digest, ())
        found = [(life, self._of_deaths("hget", digest, life)) for life in sorted(lives)]
        return sorted((deaths.decode(text, digest, life) for life, text in found if text), key=lambda death: death.when)

    def acquit(self, digest: bytes, life: str) -> None:
        self._of_deaths("hdel", digest, life)

    def forget_deaths(self, digests: Iterable[bytes]) -> None:
        claims = self._claims_of_all()
        for shard, members in by_shard(self.shard_of, digests).items():
            view = self.look(shard)
            for digest in view.claims.keys() & members:
                claims.forget_deaths(shard, digest)
            for digest in view.deaths.keys() & members:
                for life in view.deaths[digest]:
                    self.acquit(digest, life)

    # shards that are done

    def complete(self) -> set[tuple[int, str]]:
        names = self._server.do(lambda client: client.smembers(self._server.key("complete")))
        return {marker for name in names if (marker := read_marker(name.decode(errors="replace")))}

    def mark_complete(self, shard: int, tasks: Set[bytes]) -> None:
        name = marker_name(_LAYOUT, shard, set_name(tasks))
        self._server.do(lambda client: client.sadd(self._server.key("complete"), name))
        if self.look(shard).lacking(tasks):  # invalidated between the look before and the marker
            self._server.do(lambda client: client.srem(self._server.key("complete"), name))

    def unmark_complete(self, shards: Set[int]) -> None:
        for shard in shards:
            self._unmark(shard)

    # lives

    def claims(self, life: str, done_too: bool = False) -> RedisClaims:
        return RedisClaims(self._server, self.look, life, done_too)

    def claimant(self, shard: int, key: bytes, generation: int) -> Record | None:
        life = self._claims_of_all().life(shard, key, generation)
        return self._record(life) if life else None

    def observer(self) -> RedisObserver:
        return RedisObserver(self._claims_of_all(), self._record)

    def remove_claim(self, shard: int, key: bytes, generation: int) -> None:
        self._claims_of_all().remove(shard, key, generation)

    def begin(self, record: Record) -> None:
        charter.keep(self._server, self.pace)  # once more: a server that lost all lost this, too
        self._server.do(lambda client: client.sadd(self._server.key("lives"), record.life))
        self._write(record)

    def beat(self, record: Record) -> None:
        if not self._write(record, xx=True):
            raise FileNotFoundError(record.life)

    def end(self, record: Record) -> None:
        charter.keep(self._server, self.pace)  # as when it began: the results are there, and are to be found
        self._drop(record.life)

    def records(self) -> list[Record]:
        members = self._server.do(lambda client: client.smembers(self._server.key("lives")))
        lives = [life.decode(errors="replace") for life in sorted(members)]
        keys = [self._server.key("life", life) for life in lives]
        texts = self._server.do(lambda client: client.mget(keys)) if keys else []
        found = zip(texts, lives, strict=True)
        return [record for text, life in found if text and (record := records.decode(text, life))]

    def ended(self) -> list[str]:
        return []

    def ended_records(self, lives: Iterable[str]) -> list[Record]:
        return []

    def forget_life(self, life: str) -> None:
        self._drop(life)

    def forget_ended(self, lives: Iterable[str]) -> int:
        return 0

    # measures

    def keep_measures(self, life: str, data: bytes) -> None:
        self._server.do(lambda client: client.hset(self._server.key("measures"), life, data))

    def measured(self) -> list[str]:
        lives = self._server.do(lambda client: client.hkeys(self._server.key("measures")))
        return [life.decode(errors="replace") for life in lives]

    def measures(self, life: str, limit: int = LARGEST_MEASURES) -> bytes:
        return bytes(self._server.do(lambda client: client.hget(self._server.key("measures"), life)) or b"")[:limit]

    def forget_measures(self, lives: Iterable[str]) -> int:
        if not (names := list(lives)):
            return 0
        return int(self._server.do(lambda client: client.hdel(self._server.key("measures"), *names)))

    # upkeep

    def scattered(self, shard: int) -> int:
        return 0

    def pack(self, shard: int, life: str, most: int = 0, is_ours: Callable[[], bool] = lambda: True) -> int:
        return 0

    def sweep(self, living: Set[str]) -> Swept:
        return Swept()

    def save(self) -> None:
        pass  # all of it is kept already

    # below

    def _claims_of_all(self) -> RedisClaims:
        return self.claims("")

    def _record(self, life: str) -> Record | None:
        text = self._server.do(lambda client: client.get(self._server.key("life", life)))
        return records.decode(text, life) if text else None

    def _drop(self, life: str) -> None:
        self._transaction(
            lambda pipe: [pipe.delete(self._server.key("life", life)), pipe.srem(self._server.key("lives"), life)]
        )

    def _write(self, record: Record, **how: bool) -> bool:
        seconds = self.pace.ttl if record.state == ALIVE else _MOURNED
        key, text = self._server.key("life", record.life), records.encode(record)
        return bool(self._server.do(lambda client: client.set(key, text, px=int(1000 * seconds), **how)))

    def _missing(self, digests: list[bytes]) -> set[bytes]:
        there = self._transaction(
            lambda pipe: [pipe.hexists(self._key("results", self.shard_of(digest)), digest) for digest in digests]
        )
        return {digest for digest, is_there in zip(digests, there, strict=True) if not is_there}

    def _forget_failures(self, shard: int, digests: set[bytes]) -> int:
        return int(self._server.do(lambda client: client.hdel(self._key("failures", shard), *digests)))

    def _unmark(self, shard: int) -> None:
        if doomed := self._marks(shard):
            self._server.do(lambda client: client.srem(self._server.key("complete"), *doomed))

    def _marks(self, shard: int) -> list[str]:
        return [marker_name(_LAYOUT, shard, tasks) for where, tasks in self.complete() if where == shard]

    def _remove(self, shard: int, digests: set[bytes]) -> int:
        doomed = self._marks(shard)
        gone, *_ = self._transaction(
            lambda pipe: [
                pipe.hdel(self._key("results", shard), *digests),
                pipe.hdel(self._key("failures", shard), *digests),
                *[pipe.srem(self._server.key("complete"), name) for name in doomed],
            ]
        )
        return int(gone)

    def _transaction(self, fill: Any) -> list[Any]:
        """Return the answers to the commands that `fill` gives to a pipeline, run as one."""

        def run(client: Any) -> list[Any]:
            with client.pipeline(transaction=True) as pipe:
                fill(pipe)
                return list(pipe.execute())

        return self._server.do(run)

    def _hash(self, command: str, kind: str, digest: bytes, *value: str) -> Any:
        key = self._key(kind, self.shard_of(digest))
        return self._server.do(lambda client: getattr(client, command)(key, digest, *value))

    def _of_deaths(self, command: str, digest: bytes, life: str, *value: bytes) -> Any:
        key = self._key("deaths", self.shard_of(digest))
        return self._server.do(lambda client: getattr(client, command)(key, digest + life.encode(), *value))

    def _key(self, kind: str, shard: int) -> str:
        return self._server.key(kind, f"{shard:02x}")


def open_redis(address: Address, password: Secret | None) -> RedisStore | None:
    """Open the store at `address`, None if there is none yet. Raises JugdirError."""
    server = Connection(address, password)
    caution = server.refuse_eviction()
    pace = charter.read(server)
    return RedisStore(server, pace, caution) if pace else None


def make_redis(address: Address, password: Secret | None, pace: Pace) -> RedisStore:
    """Open the store at `address`; make it if there is none. Raises JugdirError."""
    server = Connection(address, password)
    caution = server.refuse_eviction()
    charter.keep(server, pace)
    return RedisStore(server, charter.read(server) or pace, caution)


def _is_digest(name: bytes) -> bool:
    """Return whether that is the name of a task: neighbours on the server may have put anything there."""
    return len(name) == _DIGEST
