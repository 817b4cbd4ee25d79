"""What must hold at every moment of a history, checked against the truth that no actor can see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import inf

from jughpc.store import record as records
from jughpc.store import resultfile
from jughpc.store.base import SHARD, Claim, View
from jughpc.store.files.layout import Layout, claim_name, read_listing
from jughpc.store.resultfile import DamagedError
from jughpc.testing.disk import Disk, Inode
from jughpc.testing.hosts import Process

_LAST_WORDS = 4  # times that a record may be written after a death: a reply may be lost, and the write repeated


@dataclass
class Holding:
    """A claim that a process won and did not let go.

    Attributes:
        spared: For a claim on a shard: what is claimed singly and thus no part of it.
        asked: When the attempt began that won it [s].
        done: What had a result then.
    """

    process: Process
    claim: Claim
    path: str
    spared: set[bytes]
    asked: float
    done: set[bytes]

    def covers(self, digest: bytes) -> bool:
        """Return whether the holder may run this task of the shard."""
        return self.claim.key == digest or (self.claim.key == SHARD and digest not in self.spared)

    def sees(self, names: list[str]) -> None:
        """Take note of a look: what is claimed singly no more is under the claim on the shard again.

        For who claims it after that look finds the shard claimed, and yields.
        """
        self.spared &= read_listing(names).view.claims.keys()

    def overlaps(self, other: Holding) -> bool:
        """Return whether some task may be run by both."""
        if self.claim.shard != other.claim.shard:
            return False
        if SHARD not in (self.claim.key, other.claim.key):
            return self.claim.key == other.claim.key
        return self.covers(other.claim.key) and other.covers(self.claim.key)

    def believes(self) -> bool:
        """Return whether the holder, by all that it can know, may rely on its claim."""
        process, lives = self.process, self.process.lease
        mine = lives.record.life == self.claim.life and not lives.renewing
        return process.alive and mine and not lives.late()


@dataclass
class Referee:
    """Watches claims, runs and removals.

    Attributes:
        broken: The rules that were broken, in words, with the time.
        runs: How often each task was begun.
        lone_runs: How often each was under a claim of its own.
        published: When results were last [s].
    """

    disk: Disk
    layout: Layout
    time: Callable[[], float]
    broken: list[str] = field(default_factory=list)
    runs: Counter[bytes] = field(default_factory=Counter)
    lone_runs: Counter[bytes] = field(default_factory=Counter)
    published: float = 0.0
    _forcing: set[Process] = field(default_factory=set)
    _swept: set[str] = field(default_factory=set)
    _own: set[tuple[Process, str]] = field(default_factory=set)
    _read: dict[tuple[Process, str], float] = field(default_factory=dict)
    _rotten: bool = False
    _going: Counter[bytes] = field(default_factory=Counter)
    _gone: dict[bytes, float] = field(default_factory=dict)
    _made: dict[str, float] = field(default_factory=dict)
    _looked: dict[Process, float] = field(default_factory=dict)
    _void: list[Holding] = field(default_factory=list)
    _packs: dict[Inode, set[bytes]] = field(default_factory=dict)
    _written: dict[bytes, float] = field(default_factory=dict)
    _holdings: list[Holding] = field(default_factory=list)
    _running: dict[Process, bytes] = field(default_factory=dict)

    def blame(self, words: str) -> None:
        """Take note that a rule was broken."""
        self.broken.append(f"t={self.time():.3f}: {words}")

    def won(self, process: Process, claim: Claim, view: View, asked: float, done: set[bytes]) -> None:
        """Check that nobody else relies on what was just won; `done` was done when it was `asked` for."""
        path = f"{self.layout.folder(claim.shard)}/{claim_name(claim.key, claim.generation)}"
        spared = set(view.claims) - {SHARD} if claim.key == SHARD else set()
        self._forget(process, claim)
        self._own.add((process, path))
        holding = Holding(process, claim, path, spared, asked, done)
        is_void = path in self._swept and not self._is_there(holding)  # removed since the listing that confirmed it
        (self._void if is_void else self._holdings).append(holding)
        self.relies(process)

    def done(self, shard: int) -> set[bytes]:
        """Return what in truth has a result in `shard`."""
        folder = self.layout.folder(shard)
        listing = read_listing(self.disk.names(folder))
        packs = [self._packed(self.disk.find(f"{folder}/{name}")) for name in listing.packs]
        return listing.view.done.union(*packs)

    @contextmanager
    def removal(self, digests: set[bytes]) -> Iterator[None]:
        """Take note that the block removes these results."""
        self._going.update(digests)
        yield
        self._going.subtract(digests)
        self._gone.update(dict.fromkeys(digests, self.time()))

    def makes(self, path: str) -> None:
        """Take note that somebody tries to make this claim."""
        self._made[path] = self.time()

    def reads(self, process: Process, path: str) -> None:
        """Take note that a process looks whose a claim is."""
        self._read[process, path] = self.time()

    def looks(self, process: Process) -> None:
        """Take note that a cleanup looks whether a claim is still that of the dead."""
        self._looked[process] = self.time()

    def relies(self, process: Process) -> None:
        """Check that a process alone relies on what it holds."""
        for mine in self._relied_upon(process):
            for other in self._holdings:
                if other.process is not process and other.overlaps(mine) and other.believes():
                    self.blame(f"both rely on what they hold: {mine.claim} and {other.claim}")

    def beats(self, process: Process) -> None:
        """Check that nobody goes on to beat for a process that died: a beat under way, and its death, are written."""
        if process.works and not process.alive:
            process.haunts += 1
            if process.haunts > _LAST_WORDS:
                self.blame(f"{process.name} is beaten for, though it died")

    def let_go(self, process: Process, claim: Claim) -> None:
        """Take note that a process relies on a claim no more, and check that what it runs is covered by another."""
        running, before = self._running.get(process), self._relied_upon(process)
        self._forget(process, claim)
        after = self._relied_upon(process)
        if running and _covered(before, running) and not (_covered(after, running) or self._is_done(running)):
            self.blame(f"{process.name} lets go of {claim} while it runs {running.hex()[:8]}")

    def lists(self, process: Process, folder: str) -> None:
        """Take note that a process looks at a folder now."""
        for holding in self._holdings:
            if holding.process is process and self.layout.folder(holding.claim.shard) == folder:
                holding.sees(self.disk.names(folder))

    def publishes(self, process: Process, digests: Iterable[bytes]) -> None:
        """Check that a process holds what it publishes, unless what it held is void."""
        self.published = self.time()
        if process.lease.late() or not process.alive:
            return  # the last: it unwinds where it was killed, and none of its calls is made
        mine = self._relied_upon(process) + [held for held in self._void if held.process is process]
        for digest in digests:
            if not (_covered(mine, digest) or self._is_done(digest)):
                self.blame(f"{process.name} publishes {digest.hex()[:8]}, which it does not hold")

    def goes(self, path: str) -> None:
        """Take note that a claim is removed by a request that was late: whoever made it anew could not know."""
        for holding in list(self._holdings):
            if holding.path == path and self._is_there(holding):
                self._void.append(holding)
                self._holdings.remove(holding)

    def _forget(self, process: Process, claim: Claim) -> None:
        self._holdings = [held for held in self._holdings if (held.process, held.claim) != (process, claim)]

    def forces(self, process: Process) -> None:
        """Take note that somebody removes all claims: those that are held are void, and their tasks may run twice."""
        self._forcing.add(process)
        self._void += self._holdings
        self._holdings = []

    def rot(self) -> None:
        """Take note that a result is damaged: from now on what was done may have to be done again."""
        self._rotten = True

    def removing(self, process: Process, path: str, was_late: bool) -> None:
        """Check that a claim is removed by its owner only, or after its death.

        No file system has a conditional remove. So excused are an owner who is late, if he was not when he began to
        remove it, or looked before it was made anew; a cleanup that looked before the claim was made anew, or is
        forced; and whose own claim went by such a removal, if it looked before, too, or the task is done and nobody
        claims it any more.
        """
        if process in self._forcing:
            self._swept.add(path)
        for holding in list(self._holdings):
            if holding.path != path or holding.process is process or not self._is_there(holding):
                continue
            if self._is_excused(process, holding, was_late):
                self._void.append(holding)
                self._holdings.remove(holding)
            elif holding.believes():
                self.blame(f"{process.name} removes {holding.claim} of one who lives")

    def begins(self, process: Process, digest: bytes) -> None:
        """Check that a process may run the task that it begins now, and nobody else runs it."""
        self.runs[digest] += 1
        self._running[process] = digest
        if process.lease.late():
            return
        mine = [holding for holding in self._relied_upon(process) if holding.covers(digest)]
        if not mine and not _covered([void for void in self._void if void.process is process], digest):
            self.blame(f"{process.name} begins {digest.hex()[:8]}, which it does not hold")
        if any(digest in holding.done and self._stayed(digest, holding.asked) for holding in mine):
            self.blame(f"{process.name} begins {digest.hex()[:8]}, which was done before it won the claim")
        for other, running in self._running.items():
            theirs = (holding.covers(digest) for holding in self._relied_upon(other))
            if running == digest and other is not process and mine and any(theirs):
                self.blame(f"{process.name} begins {digest.hex()[:8]} while {other.name} runs it")

    def runs_alone(self, process: Process, digest: bytes) -> None:
        """Check that a task of which somebody died, as a look before the claim showed, is run under its own claim."""
        holding = [held for held in self._holdings if held.process is process and held.covers(digest)]
        written = self._written.get(digest, inf)
        if any(held.claim.key == digest for held in holding):
            self.lone_runs[digest] += 1
        elif any(written < held.asked for held in holding) and self._is_suspect(digest):
            self.blame(f"{process.name} runs {digest.hex()[:8]} beside others, though somebody died of it")

    def _is_suspect(self, digest: bytes) -> bool:
        """Return whether a death of the task is still on record: some are taken back."""
        names = self.disk.names(self.layout.folder(self.layout.shard_of(digest)))
        return any(name.startswith(f"{digest.hex()}.death.") for name in names)

    def kills(self, digest: bytes, most: int) -> None:
        """Check that a task kills who runs it no more than `most` times where it runs alone.

        Of several nobody knows which it was, where who could tell of it was killed too, or was too slow.
        """
        count = self.lone_runs[digest]
        if count > most:
            self.blame(f"{digest.hex()[:8]} kills worker {count}, and may kill {most}")

    def writes_down(self, digest: bytes) -> None:
        """Take note that the death of a worker by this task is written down."""
        self._written.setdefault(digest, self.time())

    def _is_done(self, digest: bytes) -> bool:
        return digest in self.done(self.layout.shard_of(digest))

    def _relied_upon(self, process: Process) -> list[Holding]:
        return [held for held in self._holdings if held.process is process and held.believes()]

    def _stayed(self, digest: bytes, since: float) -> bool:
        """Return whether a result that was there has not been removed, nor may have been damaged."""
        return not self._rotten and not self._going[digest] and self._gone.get(digest, -1.0) < since

    def _packed(self, inode: Inode | None) -> set[bytes]:
        """Return what a pack holds, nothing if it is damaged."""
        if inode is None:
            return set()
        if inode not in self._packs:
            with suppress(DamagedError):
                self._packs[inode] = set(resultfile.read_index(inode.data))
        return self._packs.get(inode, set())

    def _is_excused(self, process: Process, holding: Holding, was_late: bool) -> bool:
        made = self._made.get(holding.path, -1.0)
        if not process.works:
            return process in self._forcing or self._looked.get(process, 0.0) <= made
        looked = self._read.get((process, holding.path), made + 1.0) <= made
        if process.alive and process.late:
            return looked or not was_late
        is_done = holding.claim.key in self.done(holding.claim.shard)
        return (process, holding.path) in self._own and (is_done or looked)

    def _is_there(self, holding: Holding) -> bool:
        """Return whether a claim that was won is still the one under its path."""
        inode = self.disk.find(holding.path)
        found = records.decode(inode.data) if inode else None
        return found is not None and found.life == holding.claim.life

    def ends(self, process: Process) -> None:
        """Take note that a process runs nothing now."""
        self._running.pop(process, None)


def _covered(holdings: Iterable[Holding], digest: bytes) -> bool:
    return any(holding.covers(digest) for holding in holdings)
