"""The words of the store: what workers, status and cleanup read and write, whatever lies beneath."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from jughpc.config.pace import too_short
from jughpc.errors import SettingError
from jughpc.store.checkpoints import Checkpoints
from jughpc.store.death import Death
from jughpc.store.failure import Failure
from jughpc.store.observer import Observer as Observer
from jughpc.store.observer import Seen as Seen
from jughpc.store.record import Record
from jughpc.store.resultfile import Encoded

SHARD = b""
"""The key of a claim on all of a shard's tasks that nobody claims singly."""


class Claim(NamedTuple):
    """The right to run a task, or a shard's tasks; a higher generation supersedes it.

    Attributes:
        shard: Which shard.
        key: The digest, or SHARD.
        generation: 1, or one more than the last life that ended on it.
        life: Whose it is.
    """

    shard: int
    key: bytes
    generation: int
    life: str


@dataclass
class View:
    """What one fresh listing of a shard tells.

    Attributes:
        done: Digests that have a result.
        failed: Digests that have a failure.
        claims: Generations by key, ascending; whether their holders live is another question.
        deaths: The lives that died of each digest, as far as they were written down.
    """

    done: set[bytes] = field(default_factory=set)
    failed: set[bytes] = field(default_factory=set)
    claims: dict[bytes, list[int]] = field(default_factory=dict)
    deaths: dict[bytes, set[str]] = field(default_factory=dict)

    def has(self, digest: bytes) -> bool:
        """Return whether a digest has a result."""
        return digest in self.done

    def parts(self) -> Sequence[Set[bytes]]:
        """Return sets that hold all that is done; one that is as it was in an earlier view may be the same object."""
        return (self.done,)

    def lacking(self, digests: Set[bytes]) -> Set[bytes]:
        """Return those of `digests` that have no result, at the price of these and not of all that is done."""
        for part in self.parts():
            digests = digests - part
        return digests

    def top(self, key: bytes) -> int:
        """Return the highest generation on `key`, 0 if nobody ever claimed it."""
        generations = self.claims.get(key)
        return generations[-1] if generations else 0

    def superseded(self, claim: Claim) -> list[int]:
        """Return the generations of those who held what `claim` is on before, and never let go."""
        return [generation for generation in self.claims.get(claim.key, ()) if generation < claim.generation]


@dataclass(frozen=True)
class Swept:
    """How many files were removed.

    Attributes:
        temporary: That were on their way when their writer died.
        damaged: Of damaged results that were set aside.
    """

    temporary: int = 0
    damaged: int = 0


@dataclass(frozen=True)
class Inspection:
    """What is known of one task.

    Attributes:
        done: Whether it has a result.
        failure: What went wrong when it was last run, None if nothing did.
        claims: The highest claim on itself and the highest on its shard, as far as there are any, each with the
            record of who holds it, None if that is gone. The holder may be dead.
    """

    done: bool
    failure: Failure | None
    claims: tuple[tuple[Claim, Record | None], ...]


@dataclass(frozen=True)
class Pace:
    """How fast lives prove themselves, and how patient observers are; all of a store agree on it.

    Attributes:
        beat: Between two beats of a life [s].
        lag: Longest time that a client's cache may hide a change [s].
        ttl: A life that stood still for so long is dead [s].

    Raises:
        SettingError: If a healthy life could look dead: needs ``ttl > 2 * (beat + lag)``.
    """

    beat: float = 15.0
    lag: float = 60.0
    ttl: float = 180.0

    def __post_init__(self) -> None:
        if words := too_short(self.beat, self.lag, self.ttl):
            raise SettingError(words)

    @property
    def late(self) -> float:
        """Time without a beat after which a worker must take its own claims for lost [s].

        Half of what an observer allows beyond its cache's lag: the other half absorbs clock drift.
        """
        return (self.ttl - self.lag) / 2


class Claims(Protocol):
    """The claims of one life, and its view of everybody else's."""

    def take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        """Try to win `key`; return the claim, or None while somebody live may hold it, and a view.

        `view` may be old: what it says of generations is where the attempt starts. With a claim comes
        a view made after it; what that view shows as claimed singly is not part of a claim on SHARD.
        A task that is done is not claimed, unless the claims are for such, too. Raises FileNotFoundError if
        somebody removed the life's record.
        """

    def release(self, claim: Claim) -> None:
        """Let others have it; no effect on a claim that is no longer ours."""

    def hand_back(self, claim: Claim) -> None:
        """Let others have it without looking whose it is: for a life that is not late, whose claims are its own.

        After a forced cleanup it may be another's all the same; then a third worker may run the task too.
        """


class Store(Protocol):
    """Where results and claims live. Digests are 16 bytes; a shard is a slice of them."""

    pace: Pace
    shards: int
    caution: str
    """What to tell people who are to rely on it, "" for nothing."""
    may_forget: bool
    """Whether results may vanish while workers rely on them: those of a server that keeps them in its memory."""

    @property
    def checkpoints(self) -> Checkpoints | None:
        """The folders of tasks' own, None where there is no room for any; `remove` removes those of its tasks."""

    def shard_of(self, digest: bytes) -> int:
        """Return the shard that `digest` lies in."""

    def look(self, shard: int) -> View:
        """Return what is done, failed and claimed in `shard` now."""

    def get(self, digest: bytes) -> object:
        """Return a result. Raises ResultMissingError, CorruptResultError, StoreError if it cannot be read now.

        One that another process removed may be given for some seconds more, until this one looks at any shard: who
        won a claim has looked since.
        """

    def assure(self) -> None:
        """Return once all that `get` gave is known to be whole: a large array may be given before that is known.

        Raises CorruptResultError: what was made of it must not be believed.
        """

    def put(self, digest: bytes, value: object) -> None:
        """Publish one result. Raises UnstorableError."""

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        """Publish results of one shard: all or none, safe on disk on return."""

    def shards_in_use(self) -> list[int]:
        """Return the shards that may hold anything, ascending."""

    def inspect(self, digest: bytes) -> Inspection:
        """Return what is known of one task now."""

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        """Return those of `digests` that have no result now; one look a shard."""

    def remove(self, digests: Iterable[bytes]) -> int:
        """Remove results and failures; return how many results there were."""

    def fail(self, failure: Failure) -> None:
        """Record a failure, in place of an earlier one of the same task."""

    def failure(self, digest: bytes) -> Failure | None:
        """Return what went wrong, None if nothing did."""

    def forget_failures(self, digests: Iterable[bytes]) -> int:
        """Make failed tasks ready again; return how many there were."""

    def death_at(self, shard: int, key: bytes, generation: int) -> Death | None:
        """Return the death of a task that a claim tells of; its holder must be known to be dead. None if of none."""

    def bury(self, death: Death) -> None:
        """Write down that a task killed a worker, in place of what was written of that life and task before."""

    def deaths(self, digest: bytes) -> list[Death]:
        """Return the deaths of a task that were written down, the oldest first."""

    def acquit(self, digest: bytes, life: str) -> None:
        """Take back that a task killed this life; no effect if nobody wrote so."""

    def forget_deaths(self, digests: Iterable[bytes]) -> None:
        """Forget all deaths of these tasks, written down or not; the claims of who may live stay."""

    def complete(self) -> set[tuple[int, str]]:
        """Return the shards that are known to be done, each with the name of its task set."""

    def mark_complete(self, shard: int, tasks: Set[bytes]) -> None:
        """Say that all of `tasks`, a shard's task set, are done; taken back at once if one is not."""

    def unmark_complete(self, shards: Set[int]) -> None:
        """Take back what was said, and what is about to be said, of these shards."""

    def claims(self, life: str, done_too: bool = False) -> Claims:
        """Return the claims of `life`, which must have begun.

        Args:
            done_too: Claim also what is done, as a script does that locks a task to invalidate it.
        """

    def claimant(self, shard: int, key: bytes, generation: int) -> Record | None:
        """Return the record of the life that holds a claim; None if it was released, or the record is gone."""

    def observer(self) -> Observer:
        """Return a new observer of lives."""

    def remove_claim(self, shard: int, key: bytes, generation: int) -> None:
        """Remove a claim, whoever holds it: for cleanup alone, and where a user asks to run a task anew."""

    def begin(self, record: Record) -> None:
        """Begin a life: from now on it may claim."""

    def beat(self, record: Record) -> None:
        """Prove that a life lives. Raises FileNotFoundError if somebody removed its record."""

    def end(self, record: Record) -> None:
        """End a life that left no claim."""

    def records(self) -> list[Record]:
        """Return the records of all lives that did not end well, or go on."""

    def ended(self) -> list[str]:
        """Return the names of the lives that ended well, as far as this store keeps them."""

    def ended_records(self, lives: Iterable[str]) -> list[Record]:
        """Return the last records of those of these lives that ended well, as far as it keeps them; one read each."""

    def forget_life(self, life: str) -> None:
        """Remove the record of a life that is dead, whose claims hold nobody back then."""

    def forget_ended(self, lives: Iterable[str]) -> int:
        """Remove what is kept of lives that ended well; return how much that was."""

    def keep_measures(self, life: str, data: bytes) -> None:
        """Keep what a life measured, in place of what it kept before; see measures.encode."""

    def measured(self) -> list[str]:
        """Return the names of the lives whose measures are kept."""

    def measures(self, life: str, limit: int = ...) -> bytes:
        """Return the first `limit` bytes of what a life measured, b"" if nothing is kept; it may be torn."""

    def forget_measures(self, lives: Iterable[str]) -> int:
        """Remove what these lives measured; return how much that was. One that goes on keeps it again."""

    def scattered(self, shard: int) -> int:
        """Return in how many files the results of a shard were at the last look, with those published since.

        0 where nothing is gained by gathering them.
        """

    def pack(self, shard: int, life: str, most: int = ..., is_ours: Callable[[], bool] = ...) -> int:
        """Store small results of a shard, which `life` holds, in a leaner way; return how many were moved.

        Args:
            most: The size of a file that is small [bytes].
            is_ours: Tells whether the shard is held still; asked before anything is changed.
        """

    def sweep(self, living: Set[str]) -> Swept:
        """Remove what nobody will ever read, left half-way or damaged.

        Args:
            living: The lives that may go on.
        """

    def save(self) -> None:
        """Keep what is only kept when a process is done with the store; it may go on all the same."""


def by_shard(shard_of: Callable[[bytes], int], digests: Iterable[bytes]) -> dict[int, set[bytes]]:
    """Return `digests` by shard, in the shards' order: whoever goes through many does so the same way each time."""
    slices = defaultdict[int, set[bytes]](set)
    for digest in digests:
        slices[shard_of(digest)].add(digest)
    return dict(sorted(slices.items()))


def inspection(store: Store, digest: bytes) -> Inspection:
    """Return what is known of one task, by one look and one question for each claim that covers it."""
    shard = store.shard_of(digest)
    view = store.look(shard)
    tops = {key: view.top(key) for key in (digest, SHARD) if key in view.claims}
    holders = {key: store.claimant(shard, key, top) for key, top in tops.items()}
    claims = ((Claim(shard, key, tops[key], holder.life if holder else ""), holder) for key, holder in holders.items())
    return Inspection(digest in view.done, store.failure(digest) if digest in view.failed else None, tuple(claims))
