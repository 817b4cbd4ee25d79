"""The process that beats for workers, as they see it: forked once, with a line for each worker.

It is forked before the jugfile is loaded. A thread would not do: pickling 100 MB holds the interpreter for seconds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress

from jughpc import host
from jughpc.fs import Clock
from jughpc.store.base import Claim
from jughpc.store.lease import witness
from jughpc.store.lease.heartbeat import Heartbeat, Measure, OpenStore, Singles
from jughpc.store.lease.identity import new_record
from jughpc.store.lease.lease import BeatingLease
from jughpc.store.lease.progress import Board
from jughpc.store.lease.witness import BEGIN, END, SETTLE, STOP, Charge
from jughpc.store.record import ElementRef, Record, encode


class BeatProcess:
    """A process that beats for workers which are forked later, or for this very one.

    Make it before the jugfile is loaded: forking is safe only while there are no threads.

    Args:
        open_store: Opens the store in that process, once there is one.
        measure: How to find out what a worker uses.
        workers: For how many there is a line.
    """

    def __init__(self, open_store: OpenStore, clock: Clock, measure: Measure, workers: int = 1) -> None:
        self._lines = [Line(Heartbeat(open_store, clock, measure, board), board) for board in _boards(workers)]
        self.pid = _fork(self._lines)

    def line(self, number: int) -> Line:
        """Return the line of one worker, to be taken in that worker's process, which keeps no other."""
        for other, line in enumerate(self._lines):
            if other != number:
                line.close()
        return self._lines[number]

    def hand_over(self) -> None:
        """Keep no line in this process: each worker has taken its own, and it alone is to be seen to die."""
        for line in self._lines:
            line.close()

    def wait(self) -> None:
        """Wait until it ended, which it does once every worker has; for the process that made it."""
        os.waitpid(self.pid, 0)


class Line:
    """What one worker says to the process that beats for it; meets lease.Beats.

    Where that process was killed, the worker forks another for itself alone.
    """

    def __init__(self, heartbeat: Heartbeat, board: Board) -> None:
        self.board, self._heartbeat = board, heartbeat
        self._pid, self._orders, self._answers = -1, host.Descriptor(-1), host.Descriptor(-1)

    def connect(self, pid: int, orders: int, answers: int) -> None:
        """Speak to the process `pid` by these ends of pipes."""
        self._pid, self._orders, self._answers = pid, host.Descriptor(orders), host.Descriptor(answers)
        self.board.deaf = False

    def charge(self, orders: int, answers: int) -> Charge:
        """Return this worker as that process sees it, by the other ends of the pipes."""
        return Charge(self._heartbeat, orders, answers)

    def close(self) -> None:
        """Let this process have no part in it any more."""
        self._orders.close()
        self._answers.close()

    def begin(self, record: Record) -> None:
        if not self._orders.is_ours():  # the jugfile closed all descriptors
            self.end()
            _fork([self])
        self._order(BEGIN + encode(record))

    def settle(self) -> Singles:
        try:
            self._order(SETTLE)
            (size,) = witness.SIZE_OF_ANSWER.unpack(_read_all(self._answers.number, witness.SIZE_OF_ANSWER.size))
            fields = json.loads(_read_all(self._answers.number, size))
        except OSError:  # it was killed, and this life will be late
            return Singles([], in_place=False)
        claims = [Claim(shard, bytes.fromhex(key), *rest) for shard, key, *rest in fields["claims"]]
        return Singles(claims, fields["in_place"])

    def stop(self) -> None:
        if not self._stopped():
            self.end()
            _fork([self])

    def end(self) -> None:
        wait = os.WNOHANG
        with suppress(OSError):  # it was killed, or a task closed the line, by which it sees this process die later
            self._order(END)  # said in words: a process that a task left behind may hold the pipe open
            wait = 0
        self.close()
        with suppress(ChildProcessError):  # another process than this one forked it, and waits for it
            os.waitpid(self._pid, wait)

    def _order(self, words: bytes) -> None:
        os.write(self._orders.number, words)

    def _stopped(self) -> bool:
        """Have it stop; return whether it is still of use."""
        try:
            self._order(STOP)
            return bool(os.read(self._answers.number, 1))
        except OSError:  # it was killed
            return False


class ForkedLease(BeatingLease):
    """The lives of this process, with another process that beats for them.

    Args:
        beating: That process, which no other line of was taken here.
        ref: The element that this process is, None by hand.
        owner: Its job in the scheduler's words.
        line: Which of the workers that it beats for this is.
    """

    def __init__(
        self, beating: BeatProcess, clock: Clock, ref: ElementRef | None = None, owner: str = "", line: int = 0
    ) -> None:
        super().__init__(beating.line(line), clock, lambda: new_record(clock.wall(), ref, owner))


def _boards(count: int) -> list[Board]:
    return [Board() for _ in range(count)]


def _fork(lines: Sequence[Line]) -> int:
    """Fork a process that beats for those who will speak on `lines`; return its pid."""
    orders, answers = [os.pipe() for _ in lines], [os.pipe() for _ in lines]
    parent, pid = os.getpid(), os.fork()
    if not pid:
        _close([order for _, order in orders] + [answer for answer, _ in answers])
        ends = zip(lines, orders, answers, strict=True)
        witness.attend([line.charge(order, answer) for line, (order, _), (_, answer) in ends], parent)
    _close([order for order, _ in orders] + [answer for _, answer in answers])
    for line, (_, order), (answer, _) in zip(lines, orders, answers, strict=True):
        line.connect(pid, order, answer)
    return pid


def _close(handles: Sequence[int]) -> None:
    for handle in handles:
        os.close(handle)


def _read_all(pipe: int, size: int) -> bytes:
    """Read so many bytes. Raises OSError if the writer is gone."""
    data = b""
    while len(data) < size:
        if not (part := os.read(pipe, size - len(data))):
            raise BrokenPipeError
        data += part
    return data
