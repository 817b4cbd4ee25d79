"""What must hold at every moment of a history, checked against the truth that no actor can see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jughpc.store import record as records
from jughpc.store.base import SHARD, Claim, Claims, View
from jughpc.store.filestore import FileStore
from jughpc.store.shards import Layout, claim_name
from jughpc.testing.disk import Disk
from jughpc.testing.hosts import Process


@dataclass
class Holding:
    """A claim that a process won and did not let go.

    Attributes:
        spared: For a claim on a shard: what is claimed singly and thus no part of it.
    """

    process: Process
    claim: Claim
    path: str
    spared: frozenset[bytes] = frozenset()

    def covers(self, digest: bytes) -> bool:
        """Return whether the holder may run this task of the shard."""
        return self.claim.key == digest or (self.claim.key == SHARD and digest not in self.spared)

    def overlaps(self, other: Holding) -> bool:
        """Return whether some task may be run by both."""
        if self.claim.shard != other.claim.shard:
            return False
        if SHARD not in (self.claim.key, other.claim.key):
            return self.claim.key == other.claim.key
        return self.covers(other.claim.key) and other.covers(self.claim.key)

    def believes(self) -> bool:
        """Return whether the holder, by all that it can know, may rely on its claim."""
        process, lives = self.process, self.process.lives
        mine = lives.record.life == self.claim.life and not lives.renewing
        return process.alive and mine and not lives.late()


@dataclass
class Referee:
    """Watches claims, runs and removals.

    Attributes:
        broken: The rules that were broken, in words, with the time.
        runs: How often each task was begun.
    """

    disk: Disk
    layout: Layout
    time: Callable[[], float]
    broken: list[str] = field(default_factory=list)
    runs: Counter[bytes] = field(default_factory=Counter)
    _forced: bool = False
    _holdings: dict[Process, Holding] = field(default_factory=dict)
    _running: dict[Process, bytes] = field(default_factory=dict)

    def blame(self, words: str) -> None:
        """Take note that a rule was broken."""
        self.broken.append(f"t={self.time():.3f}: {words}")

    def won(self, process: Process, claim: Claim, view: View) -> None:
        """Check that nobody else relies on what was just won."""
        path = f"{self.layout.folder(claim.shard)}/{claim_name(claim.key, claim.generation)}"
        spared = frozenset(view.claims) - {SHARD} if claim.key == SHARD else frozenset()
        mine = Holding(process, claim, path, spared)
        if mine.believes() and not self._forced:
            for other in self._holdings.values():
                if other.process is not process and other.overlaps(mine) and other.believes():
                    self.blame(f"{claim} was won while {other.claim} is held by one who lives")
        self._holdings[process] = mine

    def let_go(self, process: Process, claim: Claim) -> None:
        """Take note that a process relies on its claim no more."""
        held = self._holdings.get(process)
        if held and held.claim == claim:
            del self._holdings[process]

    def force(self) -> None:
        """Take note that somebody removes all claims: from now on tasks may run twice, and claims mean little."""
        self._forced = True

    def removing(self, process: Process | None, path: str) -> None:
        """Check that a claim is removed by its owner only, or after its death.

        Who is late himself is excused: it was his own when he looked, and no file system has a conditional remove.
        """
        if self._forced or (process and process.alive and process.lives.late()):
            return
        for holding in self._holdings.values():
            if holding.path == path and holding.process is not process and self._is_there(holding):
                self.blame(f"{process.name if process else 'a visitor'} removes {holding.claim} of one who lives")

    def begins(self, process: Process, digest: bytes) -> None:
        """Check that nobody else runs a task that begins now."""
        self.runs[digest] += 1
        mine = self._holdings.get(process)
        for other, running in self._running.items():
            theirs = self._holdings.get(other)
            both = mine and theirs and mine.believes() and theirs.believes()
            if running == digest and both and not self._forced:
                self.blame(f"{process.name} begins {digest.hex()[:8]} while {other.name} runs it")
        self._running[process] = digest

    def _is_there(self, holding: Holding) -> bool:
        """Return whether a claim that is relied upon is the one under its path."""
        inode = self.disk.find(holding.path)
        found = records.decode(inode.data) if inode else None
        return found is not None and found.life == holding.claim.life and holding.believes()

    def ends(self, process: Process) -> None:
        """Take note that a process runs nothing now."""
        self._running.pop(process, None)


class WatchedStore:
    """A store whose claims the referee watches; all else is the store's own."""

    def __init__(self, store: FileStore, process: Process, referee: Referee) -> None:
        self._store, self._process, self._referee = store, process, referee

    def claims(self, life: str) -> Claims:
        return WatchedClaims(self._store.claims(life), self._process, self._referee)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class WatchedClaims:
    """Any `Claims`, with the referee told of what is won and let go."""

    def __init__(self, claims: Claims, process: Process, referee: Referee) -> None:
        self._claims, self._process, self._referee = claims, process, referee

    def take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        claim, view = self._claims.take(shard, key, view)
        if claim:
            self._referee.won(self._process, claim, view)
        return claim, view

    def holds(self, claim: Claim) -> bool:
        return self._claims.holds(claim)

    def release(self, claim: Claim) -> None:
        self._referee.let_go(self._process, claim)
        self._claims.release(claim)

    def hand_back(self, claim: Claim) -> None:
        self._referee.let_go(self._process, claim)
        self._claims.hand_back(claim)
