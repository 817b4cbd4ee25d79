"""A lease: the lives of one worker, one after the other, by which it may claim, and what proves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from jughpc.fs import Clock
from jughpc.store.base import Claim, Store
from jughpc.store.lease.heartbeat import Singles
from jughpc.store.lease.progress import Board
from jughpc.store.record import Record


class Lease(Protocol):
    """The lives of one worker, one after the other.

    What runs is told in one of two ways: `note` for a task that is claimed by itself, and a batch for
    tasks that run under a claim on their shard. A batch's task that turns out long makes what beats
    claim it singly, with those that were run before it, and give up the claim on the shard.

    Attributes:
        record: Of the present life, as it began.
    """

    record: Record

    def begin(self, store: Store) -> None:
        """Begin the first life, in `store`."""

    def ends_at(self, deadline: float, *, has_all_time: bool) -> None:
        """Say when the scheduler ends this worker, whatever it runs then [Unix s].

        Args:
            has_all_time: Whether the worker began with its element: its first task may be too long for any.
        """

    def knock_at(self, when: float) -> None:
        """Have this process sent SIGUSR1 at `when`, or a little later [s, its host's uptime]; infinity for never."""

    def late(self) -> bool:
        """Return whether others may by now take the present life for dead, or what beats for it hears no more of it."""

    def renew(self, reason: str) -> None:
        """End the present life, and its claims with it, and begin another."""

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Say what runs now, "" for nothing; `since` in this host's uptime [s]."""

    def begin_batch(self, claim: Claim, digests: Sequence[bytes]) -> None:
        """Say what will run under `claim`, a claim on a shard, in this order; at most progress.MOST tasks."""

    def step(self, number: int, name: str, since: float) -> bool:
        """Say that the batch's task `number` runs now; `since` in this host's uptime [s].

        Return whether it is not to: the one before seemed long, and others may run this one by now.
        """

    def end_batch(self) -> list[Claim]:
        """Return what is held now: the batch's claim, or the single claims in its place."""

    def count(self, done: int, failed: int) -> None:
        """Say how many tasks were finished."""

    def end(self, reason: str) -> None:
        """End the last life, which must have released its claims, and what beats for it."""


class Beats(Protocol):
    """What beats for a worker, as the worker speaks to it."""

    board: Board

    def begin(self, record: Record) -> None:
        """Beat for this life from now on."""

    def settle(self) -> Singles:
        """Return what was claimed singly for the batch that just ended."""

    def stop(self) -> None:
        """Make sure that no beat follows."""

    def end(self) -> None:
        """Be gone."""


class BeatingLease:
    """A `Lease` that something beats for.

    Args:
        identify: Makes the record of a new life.
    """

    record: Record

    def __init__(self, beats: Beats, clock: Clock, identify: Callable[[], Record]) -> None:
        self._beats, self._clock, self._identify = beats, clock, identify
        self._store: Store | None = None
        self._torn: list[str] = []  # lives that could not begin, whose records may be there

    def begin(self, store: Store) -> None:
        self._begin(store)
        self._store = store  # only now: a life that could not begin has no end
        self._forget_torn(store)

    def ends_at(self, deadline: float, *, has_all_time: bool) -> None:
        self._beats.board.deadline, self._beats.board.has_all_time = deadline, has_all_time

    def knock_at(self, when: float) -> None:
        self._beats.board.knock = when

    def late(self) -> bool:
        board = self._beats.board
        return board.deaf or self._clock.uptime() - board.beaten > self._begun().pace.late

    def renew(self, reason: str) -> None:
        store = self._begun()
        self._beats.stop()
        with suppress(OSError):  # the file server may be the reason; nobody needs this to be safe
            store.end(replace(self._beats.board.onto(self.record, self._clock), reason=reason))
        self._begin(store)
        self._forget_torn(store)

    def note(self, name: str, digest: bytes, since: float) -> None:
        self._beats.board.note(name, digest, since)

    def begin_batch(self, claim: Claim, digests: Sequence[bytes]) -> None:
        self._batch = claim
        self._beats.board.begin_batch(claim, digests)

    @property
    def step(self) -> Callable[[int, str, float], bool]:
        return self._beats.board.step  # itself: it is called for each task, a million times

    def end_batch(self) -> list[Claim]:
        board = self._beats.board
        board.end_batch()
        if not board.deescalating:  # looked at last: who beats looks at the batch once more after saying so
            return [self._batch]
        singles = self._beats.settle()
        return singles.claims if singles.in_place else [self._batch, *singles.claims]

    def count(self, done: int, failed: int) -> None:
        self._beats.board.count(done, failed)

    def end(self, reason: str) -> None:
        self._beats.stop()
        if self._store is not None:
            final = replace(self._beats.board.onto(self.record, self._clock), task="", digest="", reason=reason)
            with suppress(OSError):  # others find out by waiting; it must not hide why this worker ends
                self._store.end(replace(final, beaten=self._clock.wall()))
        self._beats.end()

    def _forget_torn(self, store: Store) -> None:
        with suppress(OSError):  # a cleanup removes them, too
            while self._torn:
                store.forget_life(self._torn[-1])
                self._torn.pop()

    def _begun(self) -> Store:
        if self._store is None:
            raise RuntimeError("no life has begun yet")
        return self._store

    def _begin(self, store: Store) -> None:
        record, started = self._identify(), self._clock.uptime()
        try:
            store.begin(record)
        except OSError:
            self._torn.append(record.life)
            raise
        self.record, self._beats.board.beaten = record, started  # only now: if it failed, the former one stays late
        self._beats.begin(record)
