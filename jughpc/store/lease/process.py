"""The process that beats for workers, as they see it: forked once; each worker has a line of its own to it.

It is forked before the jugfile is loaded. A thread would not do: pickling 100 MB holds the interpreter for seconds.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from itertools import chain

from jughpc.descriptors import Descriptor
from jughpc.fs import Clock
from jughpc.store.base import Claim
from jughpc.store.lease import answers, witness
from jughpc.store.lease.heartbeat import Heartbeat, Measure, OpenStore, Singles
from jughpc.store.lease.identity import new_record
from jughpc.store.lease.lease import BeatingLease
from jughpc.store.lease.progress import Board
from jughpc.store.lease.witness import BEGIN, END, SETTLE, STOP, Charge, Gate
from jughpc.store.record import ElementRef, Record, encode


class BeatProcess:
    """A process that beats for workers which are forked later, or for this very one.

    Make it before the jugfile is loaded: forking is safe only while there are no threads.

    Args:
        open_store: Opens the store in that process, once there is one.
        measure: How to find out what a worker uses.
        workers: For how many at a time.
    """

    def __init__(self, open_store: OpenStore, clock: Clock, measure: Measure, workers: int = 1) -> None:
        self._open_store, self._clock, self._measure = open_store, clock, measure
        self.boards = [Board() for _ in range(workers)]
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent, self.pid = os.getpid(), os.fork()
        if not self.pid:
            self._door.close()
            witness.attend([], parent, Gate(theirs, self.boards, self._heartbeat))
        theirs.close()
        self._number = Descriptor(self._door.fileno())

    def line(self, number: int) -> Line:
        """Return a line for one worker, to be made before that is forked; whoever had this number before is dead.

        Raises OSError, and leaves nothing open, where too much is.
        """
        line = Line(self.boards[number], self._heartbeat)
        orders, replies = pipes(2)
        line.connect(self.pid, orders[1], replies[0])
        with suppress(OSError):  # it was killed: the worker hears no answer, and forks another for itself
            self._number.number  # noqa: B018  # raises if code of the user's closed the door
            socket.send_fds(self._door, [witness.NUMBER.pack(number)], [orders[0], replies[1]])
        os.close(orders[0])
        os.close(replies[1])
        return line

    def hand_over(self) -> None:
        """Make no further line in this process."""
        if self._number.is_ours():  # code of the user's may have closed it
            self._door.close()
        self._door.detach()

    def wait(self) -> None:
        """Wait until it ended, which it does once every worker has, and nobody makes lines; where it was made."""
        with suppress(ChildProcessError):  # code of the user's may have waited for all children
            answers.wait(self.pid)

    def _heartbeat(self, board: Board) -> Heartbeat:
        return Heartbeat(self._open_store, self._clock, self._measure, board)


class Line:
    """What one worker says to the process that beats for it; meets lease.Beats.

    Where that process was killed, the worker forks another for itself alone.
    """

    def __init__(self, board: Board, heartbeat: Callable[[Board], Heartbeat]) -> None:
        self.board, self._heartbeat = board, heartbeat
        self._pid, self._orders, self._answers = -1, Descriptor(-1), Descriptor(-1)

    def connect(self, pid: int, orders: int, replies: int) -> None:
        """Speak to the process `pid` by these ends of pipes."""
        self._pid, self._orders, self._answers = pid, Descriptor(orders), Descriptor(replies)

    def take(self) -> None:
        """Make sure, in the worker's process, that somebody hears it and that the board is its own."""
        try:
            heard = bool(self._hear(1))
        except OSError:
            heard = False
        if not heard:
            self.board.clear()
            self._renew()

    def close(self) -> None:
        """Let this process have no part in it any more."""
        self._orders.close()
        self._answers.close()

    def begin(self, record: Record) -> None:
        if not self._orders.is_ours():  # the jugfile closed all descriptors
            self._renew()
        try:
            self._order(BEGIN + encode(record))
        except OSError:  # it was killed since
            self._renew()
            self._order(BEGIN + encode(record))

    def settle(self) -> Singles:
        try:
            self._order(SETTLE)
            (size,) = witness.SIZE_OF_ANSWER.unpack(self._hear(witness.SIZE_OF_ANSWER.size))
            fields = json.loads(self._hear(size))
        except OSError:  # it was killed, and this life will be late
            return Singles([], in_place=False)
        claims = [Claim(shard, bytes.fromhex(key), *rest) for shard, key, *rest in fields["claims"]]
        return Singles(claims, fields["in_place"])

    def stop(self) -> None:
        if not self._stopped():
            self._renew()

    def end(self) -> None:
        is_told = False
        with suppress(OSError):  # it was killed, or a task closed the line, by which it sees this process die later
            self._order(END)  # said in words: a process that a task left behind may hold the pipe open
            is_told = True
        self.close()
        with suppress(ChildProcessError):  # another process than this one forked it, and waits for it
            answers.wait(self._pid) if is_told else os.waitpid(self._pid, os.WNOHANG)

    def _order(self, words: bytes) -> None:
        os.write(self._orders.number, words)

    def _hear(self, size: int) -> bytes:
        return answers.hear(self._answers.number, size, self._pid)

    def _stopped(self) -> bool:
        """Have it stop; return whether it is still of use."""
        try:
            self._order(STOP)
            return bool(self._hear(1))
        except OSError:  # it was killed
            return False

    def _renew(self) -> None:
        """Fork a process that beats for this worker alone."""
        self.end()
        orders, replies = pipes(2)
        parent, pid = os.getpid(), os.fork()
        if not pid:
            os.close(orders[1])
            os.close(replies[0])
            witness.attend([Charge(self._heartbeat(self.board), orders[0], replies[1])], parent)
        os.close(orders[0])
        os.close(replies[1])
        self.connect(pid, orders[1], replies[0])
        self.board.deaf = False


class ForkedLease(BeatingLease):
    """The lives of this process, with another process that beats for them.

    Args:
        line: To that process.
        ref: The element that this process is of, None by hand.
        owner: Its job in the scheduler's words.
        worker: Which of its element's workers it is, from 1; 0 for the only one.
    """

    def __init__(
        self, line: Line, clock: Clock, ref: ElementRef | None = None, owner: str = "", worker: int = 0
    ) -> None:
        line.take()
        super().__init__(line, clock, lambda: new_record(clock.wall(), ref, owner, worker))


def alone(
    beating: BeatProcess, clock: Clock, ref: ElementRef | None = None, owner: str = "", worker: int = 0
) -> ForkedLease:
    """Return the lease of this very process, for which alone that process beats."""
    line = beating.line(0)
    beating.hand_over()
    return ForkedLease(line, clock, ref, owner, worker)


def pipes(count: int) -> list[tuple[int, int]]:
    """Return so many pipes, as (reading, writing) ends. Raises OSError, and leaves none open, where too much is."""
    made: list[tuple[int, int]] = []
    try:
        made.extend(os.pipe() for _ in range(count))
    except OSError:
        for handle in chain.from_iterable(made):
            os.close(handle)
        raise
    return made
