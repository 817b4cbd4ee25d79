"""Lives of this process: who it is, and the small process that beats for it.

The beat process is forked before the jugfile is loaded. A thread would not do: pickling 100 MB holds
the interpreter for seconds. It sees its worker die by the end of a pipe and writes that down at once.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import secrets
import select
import signal
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from jughpc.fs import Clock
from jughpc.store.base import Claim
from jughpc.store.lease.heartbeat import RETRY, Heart, Lives, Measure, OpenStore, Singles
from jughpc.store.lease.progress import Board
from jughpc.store.record import SIZE, Record, decode, encode

_BEGIN, _STOP, _SETTLE, _END = b"b", b"s", b"t", b"e"  # orders to the beat process; a record follows the first
_SIZE = struct.Struct("<I")  # leads an answer
_TICK = 0.5  # [s] between two looks at whether a task turned out long


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


class ForkedPulse(Lives):
    """The lives of this process, and another process that beats for them.

    Make it before the jugfile is loaded: forking is safe only while there are no threads.

    Args:
        open_store: Opens the store in the beat process, once there is one.
        owner: What the scheduler's template says of this process, opaque.
        element: Its number within the submission, -1 by hand.
        measure: How to find out what the worker uses.
    """

    def __init__(
        self, open_store: OpenStore, clock: Clock, measure: Measure, owner: str = "", element: int = -1
    ) -> None:
        beats = BeatProcess(lambda board: Heart(open_store, clock, measure, board))
        super().__init__(beats, clock, lambda: new_record(Here.find(), owner, element, clock.wall()))


class BeatProcess:
    """A forked process with a heart, forked anew when it was killed.

    Args:
        make: Makes the heart for a board.
    """

    def __init__(self, make: Callable[[Board], Heart]) -> None:
        self.board = Board()
        self._heart = make(self.board)
        self._fork()

    def begin(self, record: Record) -> None:
        os.write(self._orders, _BEGIN + encode(record))

    def settle(self) -> Singles:
        try:
            os.write(self._orders, _SETTLE)
            (size,) = _SIZE.unpack(_read_all(self._answers, _SIZE.size))
            fields = json.loads(_read_all(self._answers, size))
        except OSError:  # it was killed, and this life will be late
            return Singles([], in_place=False)
        claims = [Claim(shard, bytes.fromhex(key), *rest) for shard, key, *rest in fields["claims"]]
        return Singles(claims, fields["in_place"])

    def stop(self) -> None:
        if not self._stopped():
            self.end()
            self._fork()

    def end(self) -> None:
        with suppress(OSError):  # it was killed
            os.write(self._orders, _END)  # said in words: a process that a task left behind may hold the pipe open
        os.close(self._orders)
        os.close(self._answers)
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _stopped(self) -> bool:
        """Have it stop; return whether it is still of use."""
        try:
            os.write(self._orders, _STOP)
            return bool(os.read(self._answers, 1))
        except OSError:  # it was killed
            return False

    def _fork(self) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        worker = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._orders)
            os.close(self._answers)
            _live_as(self._heart, worker, orders, answers)
        os.close(orders)
        os.close(answers)


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
    """Do as the worker orders until it says that it ends, or dies, by which the pipe is closed."""
    pause = RETRY
    while True:
        started = time.monotonic()
        ready, _, _ = select.select([orders], [], [], min(pause, _TICK))
        if os.getppid() != worker:  # its own children may still hold the pipe open
            return
        if not ready:
            heart.let_go()
            pause -= time.monotonic() - started
            if pause <= 0:
                pause = heart.beat()
        elif (order := os.read(orders, 1)) in (b"", _END):
            return
        elif order == _BEGIN:
            pause = heart.begin(decode(os.read(orders, SIZE)))
        elif order == _SETTLE:
            os.write(answers, _settled(heart.settle()))
        else:
            pause = heart.stop()
            os.write(answers, order)


def _settled(singles: Singles) -> bytes:
    claims = [(claim.shard, claim.key.hex(), claim.generation, claim.life) for claim in singles.claims]
    text = json.dumps({"claims": claims, "in_place": singles.in_place}).encode()
    return _SIZE.pack(len(text)) + text


def _read_all(pipe: int, size: int) -> bytes:
    """Read so many bytes. Raises OSError if the writer is gone."""
    data = b""
    while len(data) < size:
        if not (part := os.read(pipe, size - len(data))):
            raise BrokenPipeError
        data += part
    return data


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
