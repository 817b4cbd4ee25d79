"""Several workers of one element: forked from one process, which looks after them and replaces who dies.

What was loaded before they are forked, they share. Each works in a process of its own, so that what kills one takes no
other along; the process that they come from runs no code of the user's meanwhile.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

from jughpc import cgroup, host
from jughpc.backoff import Backoff
from jughpc.errors import JugError
from jughpc.store.lease import ending
from jughpc.store.lease.process import BeatProcess, Line
from jughpc.worker.lines import Lines
from jughpc.worker.stops import AFTER_THIS_TASK, AT_ONCE, Stops
from jughpc.worker.tally import Say, Tally

_TICK, _MOMENT = 0.25, 0.005  # [s] between two looks at who ended; the latter while one is about to
_MOURNING = 1.0  # [s] from a death to a successor: what beats learns from the dead how it was
_LONGEST_MOURNING = 15.0  # [s]
_HEEDED = AT_ONCE + AFTER_THIS_TASK


@dataclass(frozen=True)
class Seat:
    """What a worker finds in its own process.

    Attributes:
        number: Which of its element's workers it is, from 1.
        line: To what beats for it.
    """

    number: int
    line: Line
    stops: Stops


@dataclass(frozen=True)
class Report:
    """How a worker ended its part.

    Attributes:
        code: The exit code that it would have by itself.
        nothing_left: Whether no other worker could do anything either.
        is_over: Whether all that can be done of this load is done.
        is_done: Whether all of it is.
        trouble: What kept it from working, and will be the user's to mend; None if nothing did.
    """

    code: int
    tally: Tally = field(default_factory=Tally)
    nothing_left: bool = False
    is_over: bool = False
    is_done: bool = False
    trouble: JugError | None = None


Work = Callable[[Seat], Report]
"""What a worker does, in its own process."""


@dataclass
class _Member:
    """A worker, as the process that forked it sees it.

    Attributes:
        seen_dead: When it was seen to have ended without a report [s], None while it was not.
    """

    number: int
    pid: int
    report: int
    told: bytearray = field(default_factory=bytearray)
    is_told: bool = False
    seen_dead: float | None = None


class Crew:
    """Workers of one element.

    Args:
        beating: What beats for them; with as many boards.
        stops: Of this process: what it is told, all are.
        may_replace: Tells whether there is time for another worker.
        bound: Deaths in a row, in which no task is finished, after which nobody is replaced any more.
    """

    def __init__(
        self, beating: BeatProcess, stops: Stops, say: Say, may_replace: Callable[[], bool], bound: int
    ) -> None:
        self._beating, self._stops, self._say = beating, stops, say
        self._may_replace, self._bound = may_replace, bound
        self._members: dict[int, _Member] = {}
        self._lines: dict[int, Lines] = {}
        self._due: dict[int, float] = {}  # who is to be replaced, and when [s]
        self._reports: dict[int, Report] = {}
        self._kills = cgroup.out_of_memory_kills() or 0
        self._finished = self._barren = self._before = 0
        self._mourning = Backoff(_MOURNING, _LONGEST_MOURNING)

    def work(self, numbers: Iterable[int], work: Work) -> dict[int, Report]:
        """Have these workers do `work`, each in a process of its own; return how each ended that did in order."""
        self._work, self._reports = work, {}
        gc.freeze()  # a collection in a worker would touch, and so copy, all that it shares
        self._stops.pass_on = self._send
        self._of_children = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # who ignores it has none to wait for
        try:
            for number in numbers:
                self._fork(number)
            while self._members or self._due:
                self._look()
        finally:
            self._stops.pass_on = None
            signal.signal(signal.SIGCHLD, self._of_children)
            self._close_lines()
        return self._reports

    def _look(self) -> None:
        """Hear what there is to hear, and see who ended; after a tick at the latest."""
        for handle in self._heard():
            self._hear(handle)
        for member in list(self._members.values()):
            self._see(member)
        now = time.monotonic()
        self._stops.asked(now)
        for number, due in list(self._due.items()):
            if not self._is_worth_while():
                self._due.clear()
            elif now >= due:
                del self._due[number]
                self._fork(number)

    def _heard(self) -> list[int]:
        poll = select.poll()
        reports = [member.report for member in self._members.values() if not member.is_told]
        for handle in (*self._lines, *reports):
            poll.register(handle, select.POLLIN)
        is_ending = any(member.is_told and member.told for member in self._members.values())
        return [handle for handle, _ in poll.poll(1000 * (_MOMENT if is_ending else _TICK))]  # [ms]

    def _hear(self, handle: int) -> None:
        if handle in self._lines:
            if not self._lines[handle].pass_on():
                self._lines.pop(handle).close()
            return
        member = next(member for member in self._members.values() if member.report == handle)
        part = os.read(handle, 1 << 16)
        member.told += part
        member.is_told = not part

    def _see(self, member: _Member) -> None:
        """Take note if a worker ended. One that died is left to be looked at for a moment."""
        now = time.monotonic()
        if member.seen_dead is None:
            if not _has_ended(member.pid):
                return
            member.seen_dead = now
            self._hear_out(member)
        report = _read(member.told)
        if report is None and now < member.seen_dead + _MOURNING / 2:
            return
        del self._members[member.number]  # first: from then on its pid may be another's
        _, status = os.waitpid(member.pid, 0)
        os.close(member.report)
        self._finished += self._beating.boards[member.number - 1].finished
        if report is None:
            self._died(member.number, status)
        else:
            self._reports[member.number] = report

    def _hear_out(self, member: _Member) -> None:
        with suppress(BlockingIOError):
            while part := os.read(member.report, 1 << 16):
                member.told += part
        for lines in self._lines.values():
            lines.drain()

    def _died(self, number: int, status: int) -> None:
        done = self._done()
        if done > self._before:
            self._barren, self._before = 0, done
            self._mourning.reset()
        self._barren += 1
        kills, self._kills = self._kills, cgroup.out_of_memory_kills() or 0
        how = f"worker {number} died: {ending.words(status, ran_out=self._kills > kills)}"
        if not self._is_worth_while():
            return self._say(how)
        if self._barren >= self._bound:
            return self._say(f"{how}; no other takes its place: {self._barren} died in a row, and no task was finished")
        self._due[number] = time.monotonic() + self._mourning.next() - _MOURNING / 2
        return self._say(f"{how}; another takes its place")

    def _done(self) -> int:
        """Return how many tasks were finished so far, by all."""
        return self._finished + sum(self._beating.boards[number - 1].finished for number in self._members)

    def _is_worth_while(self) -> bool:
        """Return whether another worker could do anything."""
        is_over = any(report.is_over or report.trouble for report in self._reports.values())
        return not (is_over or self._stops.signal) and self._may_replace()

    def _send(self, number: int) -> None:
        """Send a signal to all; who was not reaped has its pid to itself."""
        for member in self._members.values():
            with suppress(ProcessLookupError):
                os.kill(member.pid, number)

    def _close_lines(self) -> None:
        for lines in self._lines.values():
            lines.drain()
            lines.close()
        self._lines.clear()

    # one worker

    def _fork(self, number: int) -> None:
        line = self._beating.line(number - 1)
        pipes = [os.pipe() for _ in range(3)]
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        mask, parent = signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED), os.getpid()
        with warnings.catch_warnings():  # of threads: what is to be said of them was said before
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if not pid:
            self._be(number, line, [write for _, write in pipes], mask, parent)
        line.close()
        for read, write in pipes:
            os.close(write)
            os.set_blocking(read, False)
        self._members[number] = _Member(number, pid, pipes[2][0])
        for target, (read, _) in zip((1, 2), pipes, strict=False):
            self._lines[read] = Lines(read, target, f"[{number}] ")
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _be(self, number: int, line: Line, ends: list[int], mask: Iterable[int], parent: int) -> NoReturn:
        """Be a worker, from here to the end of this process."""
        code = 1
        try:
            host.end_with_parent(signal.SIGTERM, parent)
            report = host.Descriptor(ends[2])
            self._leave(ends)
            self._beating.hand_over()
            self._stops.uninstall()
            stops = Stops(say=self._say)
            signal.signal(signal.SIGCHLD, self._of_children)
            stops.install(mask)
            done = pickle.dumps(self._work(Seat(number, line, stops)))
            _write(report, done)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            _flush()
            os._exit(code)

    def _leave(self, ends: list[int]) -> None:
        """Take this worker's own ends of pipes as standard streams; let go of what only its parent needs."""
        for handle in (*self._lines, *(member.report for member in self._members.values())):
            os.close(handle)
        self._lines.clear()
        nowhere = os.open(os.devnull, os.O_RDONLY)
        for source, number in ((nowhere, 0), (ends[0], 1), (ends[1], 2)):
            os.dup2(source, number)
            os.close(source)


def _has_ended(pid: int) -> bool:
    """Return whether a child ended, and leave it to be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _read(told: bytearray) -> Report | None:
    """Return what a worker reported, None if it did not come to that."""
    try:
        found = pickle.loads(told)  # from a child of this very process
    except Exception:  # of any kind: it died while it wrote
        return None
    return found if isinstance(found, Report) else None


def _write(report: host.Descriptor, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(report.number, left) :]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
