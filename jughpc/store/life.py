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
from jughpc.store.record import DIED, Record

Measure = Callable[[int], tuple[int, float]]
"""Given a pid, its resident set [bytes] and processor time [s]."""

_RETRY = 1.0  # [s] to the first beat, and after one that failed


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
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", owner)[:48].strip("-") or "hand"
    host = re.sub(r"[^A-Za-z0-9_]+", "-", here.host)[:32]
    return Record(
        life=f"{slug}-{host}-{here.pid}-{secrets.token_hex(4)}",
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


class Board:
    """Memory shared by a worker and its beat process: what runs (worker writes), last beat (beat writes)."""

    _NUMBERS = struct.Struct("<dQQd")  # since, done, failed, beaten
    _NAME = 64

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 4096)

    def note(self, name: bytes, digest: bytes, since: float) -> None:
        """Say what runs now."""
        struct.pack_into("<d", self._memory, 0, since)
        self._memory[32:48] = digest or bytes(16)
        struct.pack_into(f"<H{len(name[:256])}s", self._memory, self._NAME, len(name[:256]), name[:256])

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
    """The lives of this process, one after the other, each with a beat process.

    Args:
        owner: What the scheduler's template says of this process, opaque.
        element: Its number within the submission, -1 by hand.
        measure: How to find out what the worker uses.
    """

    def __init__(self, store: Store, clock: Clock, measure: Measure, owner: str = "", element: int = -1) -> None:
        self._store, self._clock, self._measure = store, clock, measure
        self._owner, self._element = owner, element
        self._pid = self._pipe = 0
        self.board = Board()
        self.record = self._begin()

    @property
    def life(self) -> str:
        """The name of the present life."""
        return self.record.life

    def late(self) -> bool:
        """Return whether others may by now take this life for dead."""
        return self._clock.uptime() - self.board.beaten > self._store.pace.late

    def renew(self, reason: str) -> None:
        """End the present life, and its claims with it, and begin another."""
        self._stop()
        with suppress(OSError):  # the file server may be the reason; nobody needs this to be safe
            self._store.end(replace(self.board.onto(self.record), reason=reason))
        self.record = self._begin()

    def end(self, reason: str) -> None:
        """End the last life; it must have released its claims."""
        self._stop()
        final = replace(self.board.onto(self.record), task="", digest="", reason=reason, beaten=self._clock.wall())
        with suppress(FileNotFoundError):
            self._store.end(final)

    def _begin(self) -> Record:
        record = new_record(Here.find(), self._owner, self._element, self._clock.wall())
        self.board.beaten = self._clock.uptime()
        self._store.begin(record)
        reader, self._pipe = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._pipe)
            self._beat_until_the_end(record, reader)
        os.close(reader)
        return record

    def _stop(self) -> None:
        with suppress(OSError):
            os.write(self._pipe, b"stop")
        os.close(self._pipe)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _beat_until_the_end(self, record: Record, reader: int) -> NoReturn:
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
                signal.signal(number, signal.SIG_IGN)  # what ends the worker must not end its witness
            _Heart(self, record, reader).run()
            code = 0
        finally:
            os._exit(code)


class _Heart:
    """What runs in the beat process."""

    def __init__(self, pulse: ForkedPulse, record: Record, reader: int) -> None:
        self._pulse, self._record, self._reader = pulse, record, reader
        self._store, self._clock = pulse._store, pulse._clock

    def run(self) -> None:
        """Beat until the worker says stop, or is gone."""
        pause = min(_RETRY, self._store.pace.beat)
        while not select.select([self._reader], [], [], pause)[0]:
            if os.getppid() != self._record.pid:  # its own children may still hold the pipe open
                return self._say_that_it_died()
            pause = self._beat()
        if not os.read(self._reader, 16):
            self._say_that_it_died()
        return None

    def _beat(self) -> float:
        """Beat once; return the pause until the next [s]."""
        started = self._clock.uptime()
        memory, cpu = self._pulse._measure(self._record.pid)
        self._record = replace(
            self._pulse.board.onto(self._record),
            beats=self._record.beats + 1,
            beaten=self._clock.wall(),
            memory=memory,
            cpu=cpu,
        )
        try:
            self._store.beat(self._record)
        except OSError:  # the worker sees by the board that it is late, if this goes on
            return min(_RETRY, self._store.pace.beat)
        self._pulse.board.beaten = started
        return self._store.pace.beat

    def _say_that_it_died(self) -> None:
        last = self._pulse.board.onto(self._record)
        reason = _how_it_died(self._record.pid)
        with suppress(FileNotFoundError):
            self._store.beat(replace(last, state=DIED, reason=reason, beats=last.beats + 1, beaten=self._clock.wall()))


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
