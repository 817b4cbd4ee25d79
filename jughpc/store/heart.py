"""What keeps a life alive: the heart that beats for it, the board that both see, the lives of a worker."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from jughpc.fs import Clock
from jughpc.store.base import Store
from jughpc.store.record import DIED, Record

Measure = Callable[[int], tuple[int, float]]
"""Given a pid, its resident set [bytes] and processor time [s]."""

OpenStore = Callable[[], "Store | None"]

RETRY = 1.0  # [s] to the first beat, and after one that failed


class Board:
    """Memory shared by a worker and its beat process: what runs (worker writes), last beat (beat writes)."""

    _NUMBERS = struct.Struct("<dQQd")  # since, done, failed, beaten
    _NAME = 64

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 4096)
        self._name = ""

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Say what runs now, "" for nothing."""
        struct.pack_into("<d", self._memory, 0, since)
        self._memory[32:48] = digest or bytes(16)
        if name is not self._name:  # mostly the same function again, a million times
            self._name, text = name, name.encode()[:256]
            struct.pack_into(f"<H{len(text)}s", self._memory, self._NAME, len(text), text)

    def count(self, done: int, failed: int) -> None:
        """Say how many tasks were finished."""
        struct.pack_into("<QQ", self._memory, 8, done, failed)

    @property
    def beaten(self) -> float:
        """When the last beat was on its way [s, this host's uptime]."""
        return float(struct.unpack_from("<d", self._memory, 24)[0])

    @beaten.setter
    def beaten(self, uptime: float) -> None:
        struct.pack_into("<d", self._memory, 24, uptime)

    def onto(self, record: Record) -> Record:
        """Return `record` with what the board says."""
        since, done, failed, _ = self._NUMBERS.unpack_from(self._memory)
        (length,) = struct.unpack_from("<H", self._memory, self._NAME)
        name = self._memory[self._NAME + 2 : self._NAME + 2 + length].decode("utf-8", "replace")
        digest = self._memory[32:48].hex() if name else ""
        return replace(record, task=name, digest=digest, since=since, done=done, failed=failed)


class Heart:
    """Beats for one life after the other; lives in the beat process."""

    def __init__(self, open_store: OpenStore, clock: Clock, measure: Measure, board: Board) -> None:
        self._open_store, self._clock, self._measure, self._board = open_store, clock, measure, board
        self._store: Store | None = None
        self._record: Record | None = None

    def begin(self, record: Record | None) -> float:
        """Beat for this life from now on; return the pause until its next beat [s]."""
        self._record, self._store = record, self._open_store()
        return 0.0 if self._store is None else min(RETRY, self._store.pace.beat)

    def stop(self) -> float:
        """Beat for nobody; return the pause until this is to be looked at again [s]."""
        self._record = None
        return RETRY

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

    def say_that_it_died(self, reason: str) -> None:
        """Write the end of the worker into its record, so that others need not wait."""
        if self._record is None or self._store is None:
            return
        died = replace(self._board.onto(self._record), state=DIED, reason=reason, beats=self._record.beats + 1)
        with suppress(FileNotFoundError):
            self._store.beat(replace(died, beaten=self._clock.wall()))

    def _seen(self, record: Record) -> Record:
        """Return the record of the next beat."""
        first = not record.beats  # many workers end before their second: these need not be measured
        memory, cpu = (0, 0.0) if first else self._measure(record.pid)
        seen = replace(self._board.onto(record), memory=memory, cpu=round(cpu, 2))
        return replace(seen, beats=seen.beats + 1, beaten=self._clock.wall())


class Beats(Protocol):
    """What beats for a worker."""

    board: Board

    def begin(self, record: Record) -> None:
        """Beat for this life from now on."""

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
        self._store = store
        self._begin(store)

    def late(self) -> bool:
        """Return whether others may by now take the present life for dead."""
        return self._clock.uptime() - self._beats.board.beaten > self._begun().pace.late

    def renew(self, reason: str) -> None:
        """End the present life, and its claims with it, and begin another."""
        store = self._begun()
        self._beats.stop()
        with suppress(OSError):  # the file server may be the reason; nobody needs this to be safe
            store.end(replace(self._beats.board.onto(self.record), reason=reason))
        self._begin(store)

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Say what runs now."""
        self._beats.board.note(name, digest, since)

    def count(self, done: int, failed: int) -> None:
        """Say how many tasks were finished."""
        self._beats.board.count(done, failed)

    def end(self, reason: str) -> None:
        """End the last life, which must have released its claims, and what beats for it."""
        self._beats.stop()
        if self._store is not None:
            final = replace(self._beats.board.onto(self.record), task="", digest="", reason=reason)
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
