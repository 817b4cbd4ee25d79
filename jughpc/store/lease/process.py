"""Lives of this process: who it is, and the small process that beats for it.

The beat process is forked before the jugfile is loaded. A thread would not do: pickling 100 MB holds
the interpreter for seconds. It sees its worker die by the end of a pipe and writes that down at once.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import select
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from jughpc import host
from jughpc.fs import Clock
from jughpc.host import Process, Sight
from jughpc.store.base import Claim
from jughpc.store.lease.ending import Witness
from jughpc.store.lease.heartbeat import RETRY, Heart, Lives, Measure, OpenStore, Singles
from jughpc.store.lease.progress import Board
from jughpc.store.record import SIZE, Record, decode, encode

_BEGIN, _STOP, _SETTLE, _END = b"b", b"s", b"t", b"e"  # orders to the beat process; a record follows the first
_SIZE = struct.Struct("<I")  # leads an answer
_TICK = 0.5  # [s] between two looks at whether a task turned out long


def is_gone(record: Record) -> bool:
    """Return whether the record's process ran on this host, in this boot and PID namespace, and is gone for certain."""
    now = host.here()
    if (record.host, record.space) != (now.host, now.space):
        return False
    return host.sight(Process(record.pid, record.started), record.user) is Sight.GONE


def new_record(owner: str, element: int, now: float) -> Record:
    """Return the record of a new life of this process; its name is unique and safe as a file name."""
    machine, process = host.here(), host.myself()
    return Record(
        life=f"{slug(owner) or 'hand'}-{slug(machine.host)[:32]}-{process.pid}-{secrets.token_hex(4)}",
        host=machine.host,
        space=machine.space,
        pid=process.pid,
        started=process.start,
        user=host.user(),
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
        super().__init__(beats, clock, lambda: new_record(owner, element, clock.wall()))


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
        if not self._orders.is_ours():  # the jugfile closed it
            self.end()
            self._fork()
        self._order(_BEGIN + encode(record))

    def settle(self) -> Singles:
        try:
            self._order(_SETTLE)
            (size,) = _SIZE.unpack(_read_all(self._answers.number, _SIZE.size))
            fields = json.loads(_read_all(self._answers.number, size))
        except OSError:  # it was killed, and this life will be late
            return Singles([], in_place=False)
        claims = [Claim(shard, bytes.fromhex(key), *rest) for shard, key, *rest in fields["claims"]]
        return Singles(claims, fields["in_place"])

    def stop(self) -> None:
        if not self._stopped():
            self.end()
            self._fork()

    def end(self) -> None:
        try:
            self._order(_END)  # said in words: a process that a task left behind may hold the pipe open
        except OSError:  # it was killed, or a task closed the pipe
            self._kill()
        self._orders.close()
        self._answers.close()
        with suppress(ChildProcessError):
            os.waitpid(self._pid, 0)

    def _order(self, words: bytes) -> None:
        os.write(self._orders.number, words)

    def _kill(self) -> None:
        with suppress(OSError):
            if host.process(self._pid) == self._process:  # else a task has reaped it
                os.kill(self._pid, signal.SIGKILL)

    def _stopped(self) -> bool:
        """Have it stop; return whether it is still of use."""
        try:
            self._order(_STOP)
            return bool(os.read(self._answers.number, 1))
        except OSError:  # it was killed
            return False

    def _fork(self) -> None:
        self.board.deaf = False
        orders, to_it = os.pipe()
        from_it, answers = os.pipe()
        self._orders, self._answers = host.Descriptor(to_it), host.Descriptor(from_it)
        worker = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            os.close(to_it)
            os.close(from_it)
            _live_as(self._heart, worker, orders, answers)
        self._process = host.process(self._pid)
        os.close(orders)
        os.close(answers)


def _live_as(heart: Heart, worker: int, orders: int, answers: int) -> NoReturn:
    """Be the beat process of `worker`."""
    code = 1
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU):
            signal.signal(number, signal.SIG_IGN)  # what ends the worker must not end its witness
        witness = Witness(worker)
        if not _serve(heart, worker, orders, answers):
            _beat_on(heart, worker)
            heart.say_that_it_died(witness.how())
        code = 0
    finally:
        os._exit(code)


def _serve(heart: Heart, worker: int, orders: int, answers: int) -> bool:
    """Do as the worker orders until it says that it ends; return False if the pipe is closed instead, as by death."""
    pause = RETRY
    while True:
        started = time.monotonic()
        ready, _, _ = select.select([orders], [], [], min(pause, _TICK))
        if os.getppid() != worker:  # its own children may still hold the pipe open
            return False
        if not ready:
            heart.let_go()
            pause -= time.monotonic() - started
            if pause <= 0:
                pause = heart.beat()
        elif (order := os.read(orders, 1)) in (b"", _END):
            return order == _END
        elif order == _BEGIN:
            pause = heart.begin(decode(os.read(orders, SIZE)))
        elif order == _SETTLE:
            os.write(answers, _settled(heart.settle()))
        else:
            pause = heart.stop()
            os.write(answers, order)


def _beat_on(heart: Heart, worker: int) -> None:
    """Beat until the worker is gone: who dies closes its pipes a little before; a task may close all of them."""
    pause = _TICK
    while os.getppid() == worker:
        time.sleep(min(pause, _TICK / 10))
        pause -= _TICK / 10
        if pause <= 0:
            pause = heart.beat_unheard()


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
