"""Several workers of one element: forked from one process, which looks after them and replaces who dies.

What was loaded before they are forked, they share. Each works in a process of its own, so that what kills one takes no
other along; the process that they come from runs no code of the user's meanwhile.
"""

from __future__ import annotations

import os
import select
import signal
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import chain

from jughpc import cgroup, descriptors, host, leftopen
from jughpc.backoff import Backoff
from jughpc.store.lease import ending
from jughpc.store.lease.process import BeatProcess, Line, pipes
from jughpc.worker.lines import Lines
from jughpc.worker.marks import Index, take_note_of_writes
from jughpc.worker.scarcity import Scarcity
from jughpc.worker.seat import Report, Seat, Work, read, sit, take_streams
from jughpc.worker.standstill import Standstill
from jughpc.worker.stops import AFTER_THIS_TASK, AT_ONCE, Stops
from jughpc.worker.tally import Say

_TICK, _MOMENT = 0.25, 0.005  # [s] between two looks at who ended; the latter while one is about to
_MOURNING = 1.0  # [s] from a death to a successor: what beats learns from the dead how it was
_LONGEST_MOURNING = 15.0  # [s]
_SHORT = 60.0  # [s] of a life: whoever dies later died of its work, and what kills is found out
_HEEDED = AT_ONCE + AFTER_THIS_TASK


@dataclass
class _Member:
    """A worker, as the process that forked it sees it.

    Attributes:
        begun: When it was forked [s].
        seen_dead: When it was seen to have ended without a report [s], None while it was not.
    """

    number: int
    pid: int
    report: int
    begun: float = field(default_factory=time.monotonic)
    told: bytearray = field(default_factory=bytearray)
    is_told: bool = False
    seen_dead: float | None = None


class Crew:
    """Workers of one element.

    Args:
        beating: What beats for them; with as many boards.
        stops: Of this process: what it is told, all are.
        may_replace: Tells whether there is time for another worker.
        bound: Early deaths in a row, with no task finished meanwhile, after which nobody is replaced any more.
        log: Of the log that both streams of this process are, None if they are none.
    """

    def __init__(
        self, beating: BeatProcess, stops: Stops, say: Say, may_replace: Callable[[], bool], bound: int,
        log: Index | None = None,
    ) -> None:  # fmt: skip
        self._beating, self._stops, self._say, self._log = beating, stops, say, log
        self._may_replace, self._bound = may_replace, bound
        self._members: dict[int, _Member] = {}
        self._lines: dict[int, Lines] = {}
        self._due: dict[int, float] = {}  # who is to be replaced, and when [s]
        self._reports: dict[int, Report] = {}
        self._kills = cgroup.out_of_memory_kills() or 0
        self._finished = self._barren = self._before = 0
        self._mourning = Backoff(_MOURNING, _LONGEST_MOURNING)
        self._scarcity = Scarcity(cgroup.memory, lambda pid: host.measure(pid)[0], say)
        self._standstill = Standstill(host.is_stopped, say)

    def work(self, numbers: Iterable[int], work: Work) -> dict[int, Report]:
        """Have these workers do `work`, each in a process of its own; return how each ended that did in order."""
        self._work, self._reports = work, {}
        self._files = leftopen.flush()
        leftopen.freeze()  # a collection in a worker would touch, and so copy, all that it shares
        self._stops.pass_on = self._send
        self._of_children = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # who ignores it has none to wait for
        try:
            for number in numbers:
                if not self._stops.signal:  # who is forked behind a signal would never hear it
                    self._start(number)
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
        pids = {number: member.pid for number, member in self._members.items() if member.seen_dead is None}
        self._standstill.look(pids, now)
        if (heaviest := self._scarcity.who_makes_room(pids, now)) is not None:
            os.kill(pids[heaviest], signal.SIGTERM)
        for number, due in list(self._due.items()):
            if not self._is_worth_while():
                self._due.clear()
            elif now >= due:
                del self._due[number]
                self._start(number)

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
        report = read(member.told)
        if report is None and now < member.seen_dead + _MOURNING / 2:
            return
        del self._members[member.number]  # first: from then on its pid may be another's
        _, status = os.waitpid(member.pid, 0)
        os.close(member.report)
        self._finished += self._beating.boards[member.number - 1].finished
        if report is None:
            self._died(member, status)
        else:
            self._reports[member.number] = report

    def _hear_out(self, member: _Member) -> None:
        with suppress(BlockingIOError):
            while part := os.read(member.report, 1 << 16):
                member.told += part
        for lines in self._lines.values():
            lines.drain()

    def _died(self, member: _Member, status: int) -> None:
        kills, self._kills = self._kills, cgroup.out_of_memory_kills() or 0
        how = f"worker {member.number} died: {ending.words(status, ran_out=self._kills > kills)}"
        is_early = time.monotonic() - member.begun <= _SHORT
        self._replace(member.number, how, "another takes its place", is_early=is_early)

    def _replace(self, number: int, how: str, then: str, *, is_early: bool) -> None:
        """Have another take a worker's place, if that may bring anything; say how it was lost, and what `then`."""
        done = self._done()
        if done > self._before or not is_early:
            self._barren, self._before = 0, done
            self._mourning.reset()
        self._barren += 1
        if not self._is_worth_while():
            return self._say(how)
        if self._barren >= self._bound:
            return self._say(f"{how}; no other takes its place: {self._barren} died in a row, and no task was finished")
        self._due[number] = time.monotonic() + self._mourning.next() - _MOURNING / 2
        return self._say(f"{how}; {then}")

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

    def _start(self, number: int) -> None:
        """Fork a worker; where the system refuses that for now, later."""
        try:
            with closing(self._beating.line(number - 1)) as line:
                self._fork(number, line, pipes(2 if self._log else 3))  # in a log, what is put out keeps its order
        except OSError as error:  # too many open files, or processes
            how = f"worker {number} could not be started ({error.strerror})"
            self._replace(number, how, "that is tried again", is_early=True)

    def _fork(self, number: int, line: Line, ends: list[tuple[int, int]]) -> None:
        leftopen.flush_streams()
        mask, parent = signal.pthread_sigmask(signal.SIG_BLOCK, _HEEDED), os.getpid()
        with warnings.catch_warnings():  # of threads: what is to be said of them was said before
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                pid = os.fork()
            except OSError:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                for handle in chain.from_iterable(ends):
                    os.close(handle)
                raise
        if not pid:
            *outs, report = (write for _, write in ends)
            stops = Stops(say=self._say)
            seat = Seat(number, line, stops, report, self._files)
            sit(seat, self._work, parent, lambda: self._settle(outs, mask, stops))
        for source, end in ends:
            os.close(end)
            os.set_blocking(source, False)
        *streams, (report, _) = ends
        self._members[number] = _Member(number, pid, report)
        for target, (source, _) in enumerate(streams, 1):
            self._lines[source] = Lines(source, target, f"[{number}] ", self._log)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def _settle(self, ends: list[int], mask: Iterable[int], stops: Stops) -> None:
        """Let go, in a worker's own process, of what only this one needs."""
        for handle in (*self._lines, *(member.report for member in self._members.values())):
            os.close(handle)
        self._beating.hand_over()
        descriptors.read_by_oneself()
        self._stops.uninstall()
        signal.signal(signal.SIGCHLD, self._of_children)
        take_streams(*ends)
        take_note_of_writes()
        stops.install(mask)


def _has_ended(pid: int) -> bool:
    """Return whether a child ended, and leave it to be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
