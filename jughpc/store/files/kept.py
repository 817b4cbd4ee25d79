"""Packs that were read a moment ago, kept in memory: the results of one file cost one open, not one each.

They are read, not mapped: a map of a file that another host removes ends the process that touches it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from jughpc.fs import Buffer, Files
from jughpc.store import resultfile
from jughpc.store.resultfile import Entry, Index

MOST = 96 << 20  # [bytes] kept at a time: the packs of 10^6 small results
FOR = 5.0  # [s] for which a pack is taken to be there still; a look, and so each claim, ends that at once

_AT_ONCE = 1 << 18  # [bytes] a pack of no more is read whole at its first use
_LATER = 8 << 20  # [bytes] one of no more at its _HITS-th; of others only the index is kept
_HITS = 8
_OVERHEAD = 600  # [bytes] of the objects around a pack


class Pack:
    """One pack that is kept: its checked index, and the whole file if that is at hand.

    Attributes:
        start: Where its payloads begin in the file.
        payloads: The file from there on, None if it was not read.
        hits: How often it was used.
    """

    __slots__ = ("hits", "index", "path", "payloads", "start")

    def __init__(self, path: str, index: Index, start: int, payloads: bytes | None) -> None:
        self.path, self.index, self.start, self.payloads = path, index, start, payloads
        self.hits = 0

    @property
    def size(self) -> int:
        """Return what it takes in memory [bytes]."""
        return _OVERHEAD + 41 * len(self.index) + len(self.payloads or b"")


class Kept:
    """The packs that one process keeps, by shard; those read longest ago give way.

    Args:
        now: The process's own clock [s].
        most: How much is kept [bytes].

    Attributes:
        size: What they take in memory [bytes].
    """

    def __init__(self, files: Files, now: Callable[[], float], most: int = MOST) -> None:
        self._files, self._now, self._most = files, now, most
        self._shards: OrderedDict[int, dict[str, Pack]] = OrderedDict()
        self._since: dict[int, float] = {}
        self.size = 0

    def find(self, shard: int, digest: bytes) -> tuple[Pack, Entry] | None:
        """Return where a result of `shard` lies in a pack that is kept, None if it is in none."""
        packs = self._shards.get(shard)
        if packs is None:
            return None
        if self._now() - self._since[shard] > FOR:
            self.drop(shard)
            return None
        for pack in packs.values():
            if entry := pack.index.find(digest):
                return pack, entry
        return None

    def pack(self, shard: int, path: str) -> Pack:
        """Return a pack, read now unless it is kept. Raises FileNotFoundError, DamagedError."""
        return self._shards.get(shard, {}).get(path) or self._keep(shard, _read(self._files, path))

    def payload(self, pack: Pack, entry: Entry) -> bytes | None:
        """Return the payload at `entry`, None if a pack so large is not kept for so few uses.

        Raises FileNotFoundError.
        """
        pack.hits += 1
        if pack.payloads is None and pack.hits == _HITS:
            self._fill(pack)
        if pack.payloads is None:
            return None
        start = entry.offset - pack.start
        return pack.payloads[start : start + entry.length]

    def drop(self, shard: int) -> None:
        """Let go of a shard's packs."""
        packs = self._shards.pop(shard, {})
        self._since.pop(shard, None)
        self.size -= sum(pack.size for pack in packs.values())

    def clear(self) -> None:
        """Let go of all: what is read from now on is as the server has it from now on."""
        self._shards.clear()
        self._since.clear()
        self.size = 0

    def _keep(self, shard: int, pack: Pack) -> Pack:
        if shard not in self._shards:
            self._shards[shard], self._since[shard] = {}, self._now()
        self._shards[shard][pack.path] = pack
        self._shards.move_to_end(shard)
        self._grow(pack.size)
        return pack

    def _fill(self, pack: Pack) -> None:
        content = self._files.read(pack.path, _LATER + 1)
        if len(content) <= _LATER:
            pack.payloads = content[pack.start :]
            self._grow(len(pack.payloads))

    def _grow(self, size: int) -> None:
        self.size += size
        while self.size > self._most and len(self._shards) > 1:
            self.drop(next(iter(self._shards)))


def _read(files: Files, path: str) -> Pack:
    """Read a pack whole if it is small, else its index. Raises FileNotFoundError, DamagedError."""
    head: Buffer = files.read(path, _AT_ONCE + 1)
    start = resultfile.index_size(head)
    payloads = bytes(head[start:]) if len(head) <= _AT_ONCE else None
    if start > len(head):
        head = files.map(path)
    return Pack(path, Index(head), start, payloads)
