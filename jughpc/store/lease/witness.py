"""The process that beats for workers, from within: it does as they order, and writes down how they die."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf
from typing import NoReturn

from jughpc import host
from jughpc.host import Process, Sight
from jughpc.store.lease.ending import Ending
from jughpc.store.lease.heartbeat import RETRY, Heartbeat, Singles
from jughpc.store.lease.progress import Board
from jughpc.store.record import SIZE, Record, decode

BEGIN, STOP, SETTLE, END = b"b", b"s", b"t", b"e"  # orders on a line; a record follows the first
SIZE_OF_ANSWER = struct.Struct("<I")  # leads the answer to SETTLE
NUMBER = struct.Struct("<I")  # comes in with a new line: whose it is
_HEARD = b"h"  # the first answer on a line
_LAST_BREATH = 0.5  # [s]
_TICK = 0.5  # [s] between two looks at whether a task turned out long, and whether a worker is gone


class Charge:
    """One worker that is beaten for.

    Attributes:
        orders: By which it speaks.
        number: Whose it is, among those who came in by a gate.
        due: When its next beat is [s, monotonic].
        deaf: Whether it closed its line, and lives on.
    """

    def __init__(self, heartbeat: Heartbeat, orders: int, answers: int, number: int = 0) -> None:
        self.orders, self._answers, self._heartbeat, self.number = orders, answers, heartbeat, number
        self.due = time.monotonic() + RETRY
        self._worker: Process | None = None
        self._ending: Ending | None = None
        self.deaf, self._is_told = False, False

    def obey(self, parent: int) -> bool:
        """Do as it ordered, which must not keep others waiting; return whether it goes on.

        Who closed its line, and does not die by it, is beaten for as before, and the board tells it so. Who has not
        begun has nothing to be beaten for, and asks for another line if it ever does.
        """
        order = os.read(self.orders, 1)
        if not order and self._worker is not None and not self._dies(parent):
            self.deaf = True
            self._heartbeat.go_deaf()
            return True
        if order == BEGIN:
            self._begin(decode(os.read(self.orders, SIZE)))
        elif order == SETTLE:
            self._answer(_settled(self._heartbeat.settle()))
        elif order == STOP:
            self._pause(self._heartbeat.stop())
            self._answer(order)
        if order == END:
            self._ending = None  # in order: there is nothing to find out
        return order not in (b"", END)

    def tell_of_the_end(self) -> None:
        """Have it written down at once that the job is being ended: this process may be killed with it."""
        if not self._is_told:
            self._is_told, self.due = True, 0.0
            self._heartbeat.tell_of_the_end()

    def welcome(self) -> None:
        """Say that it is heard."""
        self._answer(_HEARD)

    def beat_if_due(self) -> None:
        """Beat for it, if it is time to."""
        if self.is_due():
            self._pause(self._heartbeat.beat())

    def knock_if_due(self) -> None:
        """Tell it that its time is up, if it is."""
        if self._heartbeat.takes_knock() and self._worker is not None and host.alive(self._worker):
            os.kill(self._worker.pid, signal.SIGUSR1)

    def is_due(self) -> bool:
        """Return whether it is time to beat for it."""
        return time.monotonic() >= self.due

    def deescalate(self, others: Sequence[Charge]) -> None:
        """Have its shard go if its task runs for long; the `others` are not kept waiting for a beat."""
        if self.deaf:  # it could not be told what it holds then
            return
        self._heartbeat.deescalate(lambda: any(other.is_due() for other in others if other is not self))

    def is_gone(self, parent: int) -> bool:
        """Return whether it died, though what it left behind may hold its line open.

        Args:
            parent: Which process forked this one; whoever has not begun is to come from there.
        """
        if self._worker is None or self._worker.pid == parent:
            return os.getppid() != parent
        return host.sight(self._worker, host.user()) is Sight.GONE

    def _dies(self, parent: int) -> bool:
        """Return whether it dies: its files are closed a little before it is gone."""
        end = time.monotonic() + _LAST_BREATH
        while not (gone := self.is_gone(parent)) and time.monotonic() < end:
            time.sleep(0.01)
        return gone

    def close(self) -> None:
        """Write down that it died, unless it ended in order."""
        if self._ending is not None:
            self._heartbeat.say_that_it_died(self._ending.end())
        self.give_up()

    def give_up(self) -> None:
        """Have no part in it any more."""
        os.close(self.orders)
        os.close(self._answers)

    def _begin(self, record: Record | None) -> None:
        if record is not None:
            self._worker, self._ending = Process(record.pid, record.started), self._ending or Ending(record.pid)
        self._pause(self._heartbeat.begin(record))

    def _pause(self, seconds: float) -> None:
        self.due = time.monotonic() + seconds

    def _answer(self, data: bytes) -> None:
        with suppress(BrokenPipeError):  # it is gone; the others are not
            os.write(self._answers, data)


class Gate:
    """Where further workers come in, while the process that makes their lines lives and makes more.

    Args:
        door: By which lines come.
        boards: By the numbers of their workers.
        heartbeat: Makes what beats for a worker.
    """

    def __init__(self, door: socket.socket, boards: Sequence[Board], heartbeat: Callable[[Board], Heartbeat]) -> None:
        self._door, self._boards, self._heartbeat = door, boards, heartbeat
        self.is_open = True

    def fileno(self) -> int:
        """Return what tells that somebody is at the door."""
        return self._door.fileno()

    def admit(self, charges: list[Charge]) -> list[Charge]:
        """Return `charges` with who is at the door; whoever had that number before is dead, and is written down."""
        data, handles, *_ = socket.recv_fds(self._door, NUMBER.size, 2)
        if len(handles) < 2:
            self.is_open = False
            return charges
        (number,) = NUMBER.unpack(data)
        for former in (charge for charge in charges if charge.number == number):
            _succeeds(former, former.close)
        self._boards[number].clear()
        orders, answers = handles
        charge = Charge(self._heartbeat(self._boards[number]), orders, answers, number)
        charge.welcome()
        return [*(former for former in charges if former.number != number), charge]


def attend(charges: list[Charge], parent: int, gate: Gate | None = None) -> NoReturn:
    """Be the process that beats, until every worker has ended or died, and no more come; `parent` forked it."""
    code, told = 1, list[int]()
    try:  # what ends a worker must not end its witness
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGXCPU):
            signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda number, frame: told.append(number))
        while charges or (gate and gate.is_open and os.getppid() == parent):
            charges = _round(charges, parent, gate, told)
        code = 0
    finally:
        os._exit(code)


def _round(charges: list[Charge], parent: int, gate: Gate | None, told: Sequence[int]) -> list[Charge]:
    """Do what is to be done now, after a tick at the latest; return whose workers go on.

    Args:
        told: Signals that came which ask to end: schedulers send them to all processes of a job.
    """
    ready = _ready(charges, gate)
    if gate and gate.fileno() in ready:
        charges = gate.admit(charges)
    if told:
        for charge in charges:
            charge.tell_of_the_end()
    left = [charge for charge in charges if _goes_on(charge, charge.orders in ready, parent)]
    left = [charge for charge in left if _succeeds(charge, charge.knock_if_due)]
    left = [charge for charge in left if _succeeds(charge, charge.beat_if_due)]
    return _deescalated(left)


def _deescalated(charges: list[Charge]) -> list[Charge]:
    """Have go what shards are to go, until somebody is to be beaten for: with many workers that is often.

    Return whose workers go on, those first who had no turn.
    """
    had: list[Charge] = []
    for number, charge in enumerate(charges):
        if any(one.is_due() for one in charges):
            return [*charges[number:], *had]
        if _succeeds(charge, partial(charge.deescalate, charges)):
            had.append(charge)
    return had


def _goes_on(charge: Charge, is_ready: bool, parent: int) -> bool:
    over: list[bool] = []
    if not _succeeds(charge, lambda: over.append(not charge.obey(parent) if is_ready else charge.is_gone(parent))):
        return False
    if over[0]:
        _succeeds(charge, charge.close)
    return not over[0]


def _succeeds(charge: Charge, action: Callable[[], object]) -> bool:
    """Return whether `action` came to its end, else give `charge` up: the others are to be beaten for all the same.

    Its worker will be late, find that nobody answers, and fork another process for itself.
    """
    try:
        action()
    except Exception:  # of any kind: a store that cannot be opened, a bug of ours
        charge.give_up()
        return False
    return True


def _ready(charges: Sequence[Charge], gate: Gate | None) -> set[int]:
    """Wait until somebody speaks, is to be beaten for, or a tick has passed; return by which descriptors they speak."""
    pause = min((charge.due for charge in charges), default=inf) - time.monotonic()
    poll = select.poll()
    for handle in [charge.orders for charge in charges if not charge.deaf]:
        poll.register(handle, select.POLLIN)
    if gate and gate.is_open:
        poll.register(gate.fileno(), select.POLLIN)
    return {handle for handle, _ in poll.poll(1000 * max(0.0, min(pause, _TICK)))}  # [ms]


def _settled(singles: Singles) -> bytes:
    claims = [(claim.shard, claim.key.hex(), claim.generation, claim.life) for claim in singles.claims]
    text = json.dumps({"claims": claims, "in_place": singles.in_place}).encode()
    return SIZE_OF_ANSWER.pack(len(text)) + text
