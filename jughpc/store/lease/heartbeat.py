"""What beats for a worker's lives, and de-escalates its claim on a shard while a task runs for long."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import NamedTuple

from jughpc.errors import JugError
from jughpc.fs import Clock
from jughpc.store.base import Claim, Store
from jughpc.store.lease.deescalate import claim_singly
from jughpc.store.lease.ending import End
from jughpc.store.lease.progress import Board, InHand
from jughpc.store.record import DIED, TIME, TOLD, UNKNOWN, Record

Measure = Callable[[int], tuple[int, float]]
"""Given a pid, its resident set [bytes] and processor time [s]."""

OpenStore = Callable[[], "Store | None"]

RETRY = 1.0  # [s] to the first beat, and after one that failed
SLACK = 45.0  # [s] before its deadline from when on an element is taken to be ended for that: a beat, and clocks
LONG = 1.0  # [s] a task that runs for so long does not keep its shard from others


class Singles(NamedTuple):
    """What a heartbeat claimed singly of the batch in hand.

    Attributes:
        claims: The claims.
        in_place: Whether they took the place of the claim on the shard, which was given up.
    """

    claims: list[Claim]
    in_place: bool


_NONE = Singles([], in_place=False)


class Heartbeat:
    """Beats for one life of a worker after the other."""

    def __init__(self, open_store: OpenStore, clock: Clock, measure: Measure, board: Board) -> None:
        self._open_store, self._clock, self._measure, self._board = open_store, clock, measure, board
        self._store: Store | None = None
        self._record: Record | None = None
        self._singles = _NONE
        self._is_told = False
        self._owed: Claim | None = None  # the claim on the shard, until it is known to be released

    def begin(self, record: Record | None) -> float:
        """Beat for this life from now on; return the pause until its next beat [s]."""
        self._record, self._store, self._singles, self._owed = record, self._opened(), _NONE, None
        return RETRY if self._store is None else min(RETRY, self._store.pace.beat)

    def stop(self) -> float:
        """Beat for nobody; return the pause until this is to be looked at again [s]."""
        self._record = None
        return RETRY

    def go_deaf(self) -> None:
        """Tell the worker, which lives, that it lost its way to speak to this, as a task does that closes all files."""
        self._board.deaf = True

    def tell_of_the_end(self) -> None:
        """Take note that the job is being ended: if its worker dies now, nothing that it runs is to blame."""
        self._is_told = True

    def beat(self) -> float:
        """Beat once, if there is a life to beat for; return the pause until the next [s]."""
        self._store = self._store or self._opened()
        if self._record is None or self._store is None:
            return RETRY
        pace, started = self._store.pace, self._clock.uptime()
        if started - self._board.beaten > pace.late:
            return RETRY  # others may have taken over: a beat now would raise the dead beside its heirs
        self._record = self._seen(self._record)
        try:
            self._store.beat(self._record)
        except FileNotFoundError:  # somebody took the record away: whoever looks takes this life for dead
            self._board.beaten = started - 2 * pace.late
            return RETRY
        except OSError:  # the worker sees by the board that it is late, if this goes on
            return min(RETRY, pace.beat)
        self._board.beaten = started
        return pace.beat

    def takes_knock(self) -> bool:
        """Return whether the worker is to be told now that its time is up; once."""
        if self._clock.uptime() < self._board.knock:
            return False
        self._board.knock = inf
        return True

    def deescalate(self, is_due: Callable[[], bool] = lambda: False) -> None:
        """Give up the claim on the shard in hand if the task that runs is long: claim it and those run before singly.

        If not all can be claimed now, or before the next beat is due, the shard is kept until the next call.

        Args:
            is_due: Whether somebody else waits to be beaten for.
        """
        board, hand = self._board, self._board.in_hand()
        with suppress(OSError):
            self._release_owed()
        if hand is None or self._singles.in_place or self._clock.uptime() - hand.since < LONG:
            return
        board.deescalating = True  # first: from now on the worker asks before it goes on
        if board.in_hand() == hand:
            with suppress(OSError):
                self._claim_singly(hand, is_due)
        else:
            board.deescalating = False

    def settle(self) -> Singles:
        """Return what was claimed singly for the batch that just ended, and forget it."""
        singles, self._singles, self._owed = self._singles, _NONE, None
        self._board.deescalating = False
        return singles

    def say_that_it_died(self, end: End) -> None:
        """Write the end of the worker into its record, so that others need not wait."""
        if self._record is None or self._store is None:
            return
        last = self._board.onto(self._record, self._clock)
        how = self._near() or end.how if end.how in (UNKNOWN, TOLD) else end.how
        died = replace(last, state=DIED, reason=end.words, how=how, beats=last.beats + 1)
        with suppress(OSError):  # then others find out by waiting
            self._store.beat(replace(died, beaten=self._clock.wall()))

    def _claim_singly(self, hand: InHand, is_due: Callable[[], bool]) -> None:
        if self._record is None or self._store is None:
            return
        if self._since_beat() > self._store.pace.late:
            return  # others may have taken over
        claims, beat = self._store.claims(self._record.life), self._store.pace.beat
        if self._singles is _NONE:
            self._singles = Singles([], in_place=False)  # first: what is won is the worker's, whatever happens then
        won, view = self._singles.claims, self._store.look(hand.shard)
        if claim_singly(claims, hand.shard, hand.digests, view, won, lambda: self._since_beat() >= beat or is_due()):
            self._singles = Singles(won, in_place=True)  # first: though this raises, others may have the shard by then
            self._owed = hand.claim(self._record.life)
            self._release_owed()

    def _opened(self) -> Store | None:
        """Return the store, None if there is none yet or it cannot be opened now."""
        try:
            return self._open_store()
        except (OSError, JugError):
            return None

    def _near(self) -> str:
        """Return by what the worker will be ended before long, whatever it runs, "" if nothing is known of that."""
        deadline = self._board.deadline
        if deadline and self._clock.wall() > deadline - SLACK:
            return TIME if self._board.has_all_time else TOLD
        return TOLD if self._is_told else ""

    def _since_beat(self) -> float:
        return self._clock.uptime() - self._board.beaten

    def _release_owed(self) -> None:
        """Release the claim on the shard that was given up, unless it is another's by now."""
        if self._owed is not None and self._record is not None and self._store is not None:
            self._store.claims(self._record.life).release(self._owed)
            self._owed = None

    def _seen(self, record: Record) -> Record:
        """Return the record of the next beat."""
        first = not record.beats  # many workers end before their second: these need not be measured
        memory, cpu = (0, 0.0) if first else self._measure(record.pid)
        seen = replace(self._board.onto(record, self._clock), memory=memory, cpu=round(cpu, 2))
        return replace(seen, beats=seen.beats + 1, beaten=self._clock.wall(), how=self._near())
