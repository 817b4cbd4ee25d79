"""Lives of this process: who it is, and the small process that beats for it.

The beat process is forked before the jugfile is loaded. A thread would not do: pickling 100 MB holds
the interpreter for seconds. It sees its worker die by the end of a pipe and writes that down at once.
"""

from __future__ import annotations

import getpass
import mmap
import os
import re
import secrets
import select
import signal
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NoReturn

from jughpc.fs import Clock
from jughpc.store.base import Store
from jughpc.store.record import DIED, SIZE, Record, decode, encode

Measure = Callable[[int], tuple[int, float]]
"""Given a pid, its resident set [bytes] and processor time [s]."""

OpenStore = Callable[[], "Store | None"]

_RETRY = 1.0  # [s] to the first beat, and after one that failed
_BEGIN, _STOP = b"b", b"s"  # orders to the beat process; a record follows the first


@dataclass(frozen=True)
class Here:
    """This process, as no other process on any host ever was or will be."""

    host: str
    space: str
    pid: int
    started: int
    user: str

    @classmethod
    def find(cls) -> Here:
        """Return the identity of the calling process."""
        pid = os.getpid()
        return cls(socket.gethostname(), _space(), pid, start_time(pid) or 0, _user())


def start_time(pid: int) -> int | None:
    """Return when `pid` started [clock ticks since boot], None if it is gone. Source: proc(5), field 22."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def is_gone(record: Record) -> bool:
    """Return whether the record's process ran on this host, in this PID namespace and boot, and is gone."""
    if (record.host, record.space) != (socket.gethostname(), _space()):
        return False
    return start_time(record.pid) != record.started


def new_record(here: Here, owner: str, element: int, now: float) -> Record:
    """Return the record of a new life of this process; its name is unique and safe as a file name."""
    return Record(
        life=f"{slug(owner) or 'hand'}-{slug(here.host)[:32]}-{here.pid}-{secrets.token_hex(4)}",
        host=here.host,
        space=here.space,
        pid=here.pid,
        started=here.started,
        user=here.user,
        owner=owner,
        element=element,
        begun=now,
        beaten=now,
    )


def slug(text: str) -> str:
    """Return `text` as it begins the name of a life: letters, digits, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9_]+", "-", text)[:48].strip("-")


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


class ForkedPulse:
    """The lives of this process, one after the other, and the process that beats for them.

    Make it before the jugfile is loaded: forking is safe only while there are no threads.

    Args:
        open_store: Opens the store in the beat process, once there is one.
        owner: What the scheduler's template says of this process, opaque.
        element: Its number within the submission, -1 by hand.
        measure: How to find out what the worker uses.
    """

    record: Record

    def __init__(
        self, open_store: OpenStore, clock: Clock, measure: Measure, owner: str = "", element: int = -1
    ) -> None:
        self._open_store, self._clock, self._measure = open_store, clock, measure
        self._owner, self._element = owner, element
        self._store: Store | None = None
        self._board = Board()
        self._fork()

    def begin(self, store: Store) -> None:
        """Begin the first life, in `store`."""
        self._store = store
        self._begin(store)

    def late(self) -> bool:
        """Return whether others may by now take the present life for dead."""
        store = self._begun()
        return self._clock.uptime() - self._board.beaten > store.pace.late

    def renew(self, reason: str) -> None:
        """End the present life, and its claims with it, and begin another."""
        store = self._begun()
        if not self._stop_beating():
            self._bury()
            self._fork()
        with suppress(OSError):  # the file server may be the reason; nobody needs this to be safe
            store.end(replace(self._board.onto(self.record), reason=reason))
        self._begin(store)

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Say what runs now."""
        self._board.note(name, digest, since)

    def count(self, done: int, failed: int) -> None:
        """Say how many tasks were finished."""
        self._board.count(done, failed)

    def end(self, reason: str) -> None:
        """End the last life, which must have released its claims, and the beat process."""
        self._stop_beating()
        if self._store is not None:
            final = replace(self._board.onto(self.record), task="", digest="", reason=reason)
            with suppress(FileNotFoundError):
                self._store.end(replace(final, beaten=self._clock.wall()))
        self._bury()

    def _begun(self) -> Store:
        if self._store is None:
            raise RuntimeError("this pulse has not begun a life yet")
        return self._store

    def _begin(self, store: Store) -> None:
        record, started = new_record(Here.find(), self._owner, self._element, self._clock.wall()), self._clock.uptime()
        store.begin(record)
        self.record, self._board.beaten = record, started  # only now: if it failed, the former one stays late
        os.write(self._orders, _BEGIN + encode(record))

    def _stop_beating(self) -> bool:
        """Make sure that no beat follows; return whether the beat process is still of use."""
        try:
            os.write(self._orders, _STOP)
            return bool(os.read(self._answers, 1))
        except OSError:  # it was killed
            return False

    def _bury(self) -> None:
        """Let go of the beat process, which ends by that if it has not yet."""
        os.close(self._orders)
        os.close(self._answers)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _fork(self) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        parent = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._orders)
            os.close(self._answers)
            _live_as(Heart(self._open_store, self._clock, self._measure, self._board), parent, orders, answers)
        os.close(orders)
        os.close(answers)


class Heart:
    """Beats for one life after the other; lives in the beat process."""

    def __init__(self, open_store: OpenStore, clock: Clock, measure: Measure, board: Board) -> None:
        self._open_store, self._clock, self._measure, self._board = open_store, clock, measure, board
        self._store: Store | None = None
        self._record: Record | None = None

    def begin(self, record: Record | None) -> float:
        """Beat for this life from now on; return the pause until its next beat [s]."""
        self._record, self._store = record, self._open_store()
        return 0.0 if self._store is None else min(_RETRY, self._store.pace.beat)

    def stop(self) -> float:
        """Beat for nobody; return the pause until this is to be looked at again [s]."""
        self._record = None
        return _RETRY

    def beat(self) -> float:
        """Beat once, if there is a life to beat for; return the pause until the next [s]."""
        if self._record is None or self._store is None:
            return _RETRY
        pace, started = self._store.pace, self._clock.uptime()
        if started - self._board.beaten > pace.late:
            return _RETRY  # others may have taken over: a beat now would raise the dead beside its heirs
        self._record = self._seen(self._record)
        try:
            self._store.beat(self._record)
        except OSError:  # the worker sees by the board that it is late, if this goes on
            return min(_RETRY, pace.beat)
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


def _live_as(heart: Heart, worker: int, orders: int, answers: int) -> NoReturn:
    """Be the beat process of `worker`."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU):
            signal.signal(number, signal.SIG_IGN)  # what ends the worker must not end its witness
        _serve(heart, worker, orders, answers)
        heart.say_that_it_died(_how_it_died(worker))
        code = 0
    finally:
        os._exit(code)


def _serve(heart: Heart, worker: int, orders: int, answers: int) -> None:
    """Do as the worker orders until it closes the pipe, by its end or its death."""
    pause = _RETRY
    while True:
        ready, _, _ = select.select([orders], [], [], pause)
        if os.getppid() != worker:  # its own children may still hold the pipe open
            return
        if not ready:
            pause = heart.beat()
        elif not (order := os.read(orders, 1)):
            return
        elif order == _BEGIN:
            pause = heart.begin(decode(os.read(orders, SIZE)))
        else:
            pause = heart.stop()
            os.write(answers, order)


def _how_it_died(pid: int) -> str:
    """Return what can be known of the end of `pid`; its parent has mostly reaped it by now."""
    with suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        number = int(fields[49]) & 0x7F  # proc(5), field 52: the wait status, shown to the same user
        if fields[0] == b"Z" and number:
            return f"killed by {signal.Signals(number).name}"
    return "killed, by SIGKILL most likely: out of memory, walltime, preemption or by hand"


def _space() -> str:
    """Return which kernel boot and PID namespace this is: only there does a pid mean anything."""
    with open("/proc/sys/kernel/random/boot_id") as boot:
        return f"{boot.read(8)}-{os.readlink('/proc/self/ns/pid').strip('pid:[]')}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without this uid in its passwd
        return str(os.getuid())
