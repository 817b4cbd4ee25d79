"""What keeps a life alive: the heart that beats for it, and the lives of a worker, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple, Protocol

from jughpc.fs import Clock
from jughpc.store.base import Claim, Store
from jughpc.store.lease.deescalate import claim_singly
from jughpc.store.lease.progress import Board, InHand
from jughpc.store.record import DIED, Record

Measure = Callable[[int], tuple[int, float]]
"""Given a pid, its resident set [bytes] and processor time [s]."""

OpenStore = Callable[[], "Store | None"]

RETRY = 1.0  # [s] to the first beat, and after one that failed
LONG = 1.0  # [s] a task that runs for so long does not keep its shard from others


class Singles(NamedTuple):
    """What a heart claimed singly of the batch in hand.

    Attributes:
        claims: The claims.
        in_place: Whether they took the place of the claim on the shard, which was let go.
    """

    claims: list[Claim]
    in_place: bool


_NONE = Singles([], in_place=False)


class Heart:
    """Beats for one life after the other; lives in the beat process."""

    def __init__(self, open_store: OpenStore, clock: Clock, measure: Measure, board: Board) -> None:
        self._open_store, self._clock, self._measure, self._board = open_store, clock, measure, board
        self._store: Store | None = None
        self._record: Record | None = None
        self._singles = _NONE
        self._owed: Claim | None = None  # the claim on the shard, until it is known to be released

    def begin(self, record: Record | None) -> float:
        """Beat for this life from now on; return the pause until its next beat [s]."""
        self._record, self._store, self._singles, self._owed = record, self._open_store(), _NONE, None
        return 0.0 if self._store is None else min(RETRY, self._store.pace.beat)

    def stop(self) -> float:
        """Beat for nobody; return the pause until this is to be looked at again [s]."""
        self._record = None
        return RETRY

    def beat_unheard(self) -> float:
        """Do as `beat` does, though the worker lost its way to speak to this: the board tells it so."""
        self._board.deaf = True
        return self.beat()

    def beat(self) -> float:
        """Beat once, if there is a life to beat for; return the pause until the next [s]."""
        if self._record is None or self._store is None:
            return RETRY
        pace, started = self._store.pace, self._clock.uptime()
        if started - self._board.beaten > pace.late:
            return RETRY  # others may have taken over: a beat now would raise the dead beside its heirs
        self._record = self._seen(self._record)
        try:
            self._store.beat(self._record)
        except OSError:  # the worker sees by the board that it is late, if this goes on
            return min(RETRY, pace.beat)
        self._board.beaten = started
        return pace.beat

    def let_go(self) -> None:
        """Let the shard in hand go if the task that runs is long: claim it and those run before it singly.

        If not all can be claimed now, or before the next beat is due, the shard is kept until the next call.
        """
        board, hand = self._board, self._board.in_hand()
        with suppress(OSError):
            self._release_owed()
        if hand is None or self._singles.in_place or self._clock.uptime() - hand.since < LONG:
            return
        board.letting_go = True  # first: from now on the worker asks before it goes on
        if board.in_hand() == hand:
            with suppress(OSError):
                self._claim_singly(hand)
        else:
            board.letting_go = False

    def settle(self) -> Singles:
        """Return what was claimed singly for the batch that just ended, and forget it."""
        singles, self._singles, self._owed = self._singles, _NONE, None
        self._board.letting_go = False
        return singles

    def say_that_it_died(self, reason: str) -> None:
        """Write the end of the worker into its record, so that others need not wait."""
        if self._record is None or self._store is None:
            return
        last = self._board.onto(self._record, self._clock)
        died = replace(last, state=DIED, reason=reason, beats=last.beats + 1)
        with suppress(OSError):  # then others find out by waiting
            self._store.beat(replace(died, beaten=self._clock.wall()))

    def _claim_singly(self, hand: InHand) -> None:
        if self._record is None or self._store is None:
            return
        if self._since_beat() > self._store.pace.late:
            return  # others may have taken over
        claims, beat = self._store.claims(self._record.life), self._store.pace.beat
        if self._singles is _NONE:
            self._singles = Singles([], in_place=False)  # first: what is won is the worker's, whatever happens then
        won, view = self._singles.claims, self._store.look(hand.shard)
        if claim_singly(claims, hand.shard, hand.digests, view, won, lambda: self._since_beat() >= beat):
            self._singles = Singles(won, in_place=True)  # first: though this raises, others may have the shard by then
            self._owed = hand.claim(self._record.life)
            self._release_owed()

    def _since_beat(self) -> float:
        return self._clock.uptime() - self._board.beaten

    def _release_owed(self) -> None:
        """Release the claim on the shard that was let go, unless it is another's by now."""
        if self._owed is not None and self._record is not None and self._store is not None:
            self._store.claims(self._record.life).release(self._owed)
            self._owed = None

    def _seen(self, record: Record) -> Record:
        """Return the record of the next beat."""
        first = not record.beats  # many workers end before their second: these need not be measured
        memory, cpu = (0, 0.0) if first else self._measure(record.pid)
        seen = replace(self._board.onto(record, self._clock), memory=memory, cpu=round(cpu, 2))
        return replace(seen, beats=seen.beats + 1, beaten=self._clock.wall())


class Beats(Protocol):
    """What beats for a worker."""

    board: Board

    def begin(self, record: Record) -> None:
        """Beat for this life from now on."""

    def settle(self) -> Singles:
        """Return what the heart claimed singly for the batch that just ended."""

    def stop(self) -> None:
        """Make sure that no beat follows."""

    def end(self) -> None:
        """Be gone."""


class Lives:
    """The lives of one worker, one after the other.

    Args:
        identify: Makes the record of a new life.
    """

    record: Record

    def __init__(self, beats: Beats, clock: Clock, identify: Callable[[], Record]) -> None:
        self._beats, self._clock, self._identify = beats, clock, identify
        self._store: Store | None = None

    def begin(self, store: Store) -> None:
        """Begin the first life, in `store`."""
        self._begin(store)
        self._store = store  # only now: a life that could not begin has no end

    def late(self) -> bool:
        """Return whether others may by now take the present life for dead, or what beats for it hears no more of it."""
        board = self._beats.board
        return board.deaf or self._clock.uptime() - board.beaten > self._begun().pace.late

    def renew(self, reason: str) -> None:
        """End the present life, and its claims with it, and begin another."""
        store = self._begun()
        self._beats.stop()
        with suppress(OSError):  # the file server may be the reason; nobody needs this to be safe
            store.end(replace(self._beats.board.onto(self.record, self._clock), reason=reason))
        self._begin(store)

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Say what runs now, "" for nothing; `since` in this host's uptime [s]."""
        self._beats.board.note(name, digest, since)

    def begin_batch(self, claim: Claim, digests: Sequence[bytes]) -> None:
        """Say what will run under `claim`, a claim on a shard, in this order; at most board.MOST tasks."""
        self._batch = claim
        self._beats.board.begin_batch(claim, digests)

    def step(self, number: int, name: str, since: float) -> None:
        """Say that the batch's task `number` runs now; `since` in this host's uptime [s]."""
        self._beats.board.step(number, name, since)

    def end_batch(self) -> list[Claim]:
        """Return what is held now: the batch's claim, or what the heart claimed singly in its place."""
        board = self._beats.board
        board.end_batch()
        if not board.letting_go:  # looked at last: the heart looks at the batch once more after it says so
            return [self._batch]
        singles = self._beats.settle()
        return singles.claims if singles.in_place else [self._batch, *singles.claims]

    def count(self, done: int, failed: int) -> None:
        """Say how many tasks were finished."""
        self._beats.board.count(done, failed)

    def end(self, reason: str) -> None:
        """End the last life, which must have released its claims, and what beats for it."""
        self._beats.stop()
        if self._store is not None:
            final = replace(self._beats.board.onto(self.record, self._clock), task="", digest="", reason=reason)
            with suppress(FileNotFoundError):
                self._store.end(replace(final, beaten=self._clock.wall()))
        self._beats.end()

    def _begun(self) -> Store:
        if self._store is None:
            raise RuntimeError("no life has begun yet")
        return self._store

    def _begin(self, store: Store) -> None:
        record, started = self._identify(), self._clock.uptime()
        store.begin(record)
        self.record, self._beats.board.beaten = record, started  # only now: if it failed, the former one stays late
        self._beats.begin(record)
