"""How digests are spread over folders, and what the names in a shard's folder mean."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from jughpc.blake import blake2b
from jughpc.store.base import SHARD, View

SHARDS, COMPLETE = "shards", "complete"  # the folders of shards, and of marks

TASKS_A_SHARD = 512  # near the best for file servers by benchmarks/scale.py; half would ask twice as much of them
ABREAST_A_SHARD = 32  # of one level of a graph: each level costs each shard a claim and a file
MOST_A_SHARD = 8192  # tasks all the same, for long ones are claimed one by one, by a listing each
MOST_BITS = 14  # 16 384 shards

_WORD = (1 << 64) - 1

_CLAIM = re.compile(r"(?:([0-9a-f]{32})|shard)\.claim\.([1-9][0-9]{0,8})")
_DIGEST = re.compile(r"[0-9a-f]{32}")
_DEATH = re.compile(r"([0-9a-f]{32})\.death\.([A-Za-z0-9_-]{1,94})")
_MARKER = re.compile(r"([0-9a-f]{1,4})\.([0-9a-f]{16})")


@dataclass(frozen=True)
class Layout:
    """Which folder a digest lies in: the shard is its first `bits` bits."""

    bits: int

    @property
    def shards(self) -> int:
        """Return the number of shards."""
        return 1 << self.bits

    def shard_of(self, digest: bytes) -> int:
        """Return the shard of a digest."""
        return (digest[0] << 8 | digest[1]) >> (16 - self.bits)

    def name(self, shard: int) -> str:
        """Return the shard's number in hexadecimal, all of one length."""
        return f"{shard:0{(max(self.bits, 1) + 3) // 4}x}"

    def folder(self, shard: int) -> str:
        """Return the path of the shard's folder."""
        return f"{SHARDS}/{self.name(shard)}"


def bits_for(tasks: int) -> int:
    """Return the bits that give about TASKS_A_SHARD tasks to each shard."""
    return min(MOST_BITS, max(0, (tasks - 1) // TASKS_A_SHARD).bit_length())


def as_many_apart(tasks: int, abreast: int) -> int:
    """Return for how many tasks that need no other `bits_for` gives what is fit for `tasks`, `abreast` at a time."""
    return min(tasks, max(abreast * TASKS_A_SHARD // ABREAST_A_SHARD, tasks * TASKS_A_SHARD // MOST_A_SHARD))


def result_name(digest: bytes) -> str:
    """Return the file name of a single result."""
    return digest.hex()


def failure_name(digest: bytes) -> str:
    """Return the file name of a failure."""
    return f"{digest.hex()}.failure"


def death_name(digest: bytes, life: str) -> str:
    """Return the file name of a life's death of a task."""
    return f"{digest.hex()}.death.{life}"


def claim_name(key: bytes, generation: int) -> str:
    """Return the file name of a claim on a task, or on SHARD."""
    return f"{key.hex() or 'shard'}.claim.{generation}"


def claim_path(layout: Layout, shard: int, key: bytes, generation: int) -> str:
    """Return the path of a claim."""
    return f"{layout.folder(shard)}/{claim_name(key, generation)}"


@dataclass
class Listing:
    """The names of one shard's folder, sorted by meaning; foreign names are passed over."""

    view: View = field(default_factory=View)
    packs: list[str] = field(default_factory=list)


def read_listing(names: Iterable[str]) -> Listing:
    """Sort the names of a shard's folder by meaning."""
    listing = Listing()
    view = listing.view
    for name in names:
        if len(name) == 32 and _DIGEST.fullmatch(name):  # first the length, which spares most names the pattern
            view.done.add(bytes.fromhex(name))
        elif name.endswith(".pack"):
            listing.packs.append(name)
        elif match := _CLAIM.fullmatch(name):
            key = bytes.fromhex(match[1]) if match[1] else SHARD
            view.claims.setdefault(key, []).append(int(match[2]))
        elif name.endswith(".failure") and _DIGEST.fullmatch(name[:-8]):
            view.failed.add(bytes.fromhex(name[:-8]))
        elif match := _DEATH.fullmatch(name):
            view.deaths.setdefault(bytes.fromhex(match[1]), set()).add(match[2])
    for generations in view.claims.values():
        generations.sort()
    return listing


def set_name(digests: Iterable[bytes]) -> str:
    """Return the name of a set of digests: 16 hexadecimal digits, whatever their order."""
    digests = list(digests)
    halves = struct.unpack(f"<{2 * len(digests)}Q", b"".join(digests))
    return sum_name(len(digests), sum(halves[::2]) & _WORD, sum(halves[1::2]) & _WORD)


def sum_name(count: int, high: int, low: int) -> str:
    """Return the name of a set of `count` digests whose halves sum to `high` and `low`, modulo 2^64."""
    return blake2b(struct.pack("<QQQ", count, high, low), digest_size=8).hexdigest()


def marker_name(layout: Layout, shard: int, tasks: str) -> str:
    """Return the file name that says that the tasks of `shard`, whose set is called `tasks`, are done."""
    return f"{layout.name(shard)}.{tasks}"


def read_marker(name: str) -> tuple[int, str] | None:
    """Return shard and task set of a completion marker, None for a foreign name."""
    match = _MARKER.fullmatch(name)
    return (int(match[1], 16), match[2]) if match else None
