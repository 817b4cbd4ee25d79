"""What this process is told by signals, and by a file; and the border of the user's code, where they act at once."""

from __future__ import annotations

import os
import signal
import threading
import time
from _signal import getsignal  # type: ignore[import-not-found]  # signal's own takes 6 us: it looks for it in an enum
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from types import FrameType
from typing import NoReturn

from jughpc.fs import Clock
from jughpc.tasks.running import TimeIsUp
from jughpc.worker import forks
from jughpc.worker.surroundings import FOR_GOOD, Surroundings

AT_ONCE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
AFTER_THIS_TASK = (signal.SIGUSR1, signal.SIGXCPU)

_GRACE = 1.0  # [s] signals come twice, from a shell and its terminal; a later one says that the first was swallowed


class Interrupted(BaseException):
    """A signal asked to stop at once, while something ran that may be broken off."""


class Stops:
    """What signals, or a file, asked of this worker; and the blocks in which code of the user's runs.

    Args:
        file: Asks to stop after the task in hand, by being there.
        say: Told what tasks left behind in this process.

    Attributes:
        signal: The first signal that asked to stop, 0 if none did.
        own: This worker's process.
        pass_on: Called with each signal that comes, where this process looks after workers; None where it works itself.
    """

    def __init__(self, file: Path | None = None, say: Callable[[str], None] = lambda words: None) -> None:
        self.signal, self.own = 0, forks.Own()
        self.pass_on: Callable[[int], None] | None = None
        self._file, self._next_look, self._is_there = file and file.absolute(), -inf, False
        self._heard: set[int] = set()
        self._mask: set[int] = set()
        self._breakers: tuple[int, ...] = ()
        self._notices, self._noticed = False, False  # whether the task is to be told, and was
        self._broken = inf  # when the block was broken off [s]
        self._say, self._said = say, set[str]()
        self._surroundings: Surroundings | None = None

    def install(self, blocked: Iterable[int] | None = None) -> None:
        """Listen to the signals of schedulers and terminals; works in the main thread only.

        Args:
            blocked: The signals that are to be blocked from now on, None for those that are.
        """
        self._former = {number: signal.getsignal(number) for number in AT_ONCE + AFTER_THIS_TASK}
        self._listen()
        if blocked is not None:  # only now: what waits is heeded; and before what is blocked is taken for wanted
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        self._surroundings = Surroundings()
        os.register_at_fork(before=self._hold, after_in_parent=self._let_go, after_in_child=self._forked)

    def uninstall(self) -> None:
        """Let signals do what they did before."""
        for number, handler in self._former.items():
            signal.signal(number, handler)
        if self._surroundings:
            self._surroundings.close()

    def forget(self) -> None:
        """Take no signal that came so far for one that asks to stop."""
        self.signal = 0
        self._heard.clear()

    def _listen(self) -> list[str]:
        """Have all signals heeded; return which were not."""
        others = [number for number in AT_ONCE + AFTER_THIS_TASK if getsignal(number) != self.heed]
        for number in others:
            signal.signal(number, self.heed)
        return [f"a handler of its own for {number.name}" for number in others]

    def _hold(self) -> None:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, AT_ONCE + AFTER_THIS_TASK)

    def _let_go(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def _forked(self) -> None:
        """Let signals do in a process that a task forks what they do everywhere: a pool is ended by them."""
        for number in AT_ONCE + AFTER_THIS_TASK:
            if signal.getsignal(number) == self.heed:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        self._let_go()  # only now: one that came at once is not lost

    @contextmanager
    def breakable(self, by: tuple[int, ...] = AT_ONCE) -> Iterator[None]:
        """Let a signal among `by` break off the block, by raising Interrupted; one that came before does so too.

        If the block catches that and goes on, the next signal ends this process.
        """
        self._breakers, self._broken = by, inf
        try:
            if self._heard.intersection(by):
                raise Interrupted
            yield
        finally:
            self._breakers = ()

    @contextmanager
    def user_code(self, name: str) -> Iterator[None]:
        """Run code of the user's in the block, breakable; then put back what it left behind in this process.

        A child that it forks ends with the block.

        Args:
            name: Whose code it is, for people.
        """
        if self._surroundings:
            self._surroundings.enter()
        try:
            with self.breakable():
                yield
        except BaseException as error:
            self.own.leave(error)
            raise
        else:
            self.own.leave()
        finally:
            self._put_back(name)

    @contextmanager
    def loading(self) -> Iterator[None]:
        """Load a jugfile in the block, as user code that may set up this process as its tasks want it."""
        self._put_back("the jugfile")
        with self.breakable(AT_ONCE + AFTER_THIS_TASK), forks.alone():
            yield
        if self._surroundings:
            self._listen()
            self._surroundings.close()
            self._surroundings = Surroundings()

    def notice(self) -> None:
        """Have what runs in the block told by TimeIsUp, once, that it is to end; raise that if a signal came before."""
        if self._breakers and not self._notices:
            self._notices, self._noticed = True, False
            if self._heard.intersection(AFTER_THIS_TASK):
                self._tell_time_is_up()

    def no_notice(self) -> None:
        """Break the block off as any other again."""
        self._notices = self._noticed = False

    def tasks_run_in(self, folder: Path) -> None:
        """Have the user's code run in `folder` from now on, as the jugfile chose; all else runs where this began."""
        if self._surroundings:
            self._surroundings.folder = str(folder)

    def _put_back(self, name: str) -> None:
        if self._surroundings is None:
            return
        for words in (*self._listen(), *self._surroundings.put_back()):
            if words not in self._said:  # a thousand tasks may do the same
                self._said.add(words)
                then = "it cannot be put back" if words.endswith(FOR_GOOD) else "it is put back"
                self._say(f"{name} left {words} behind in this process; {then}")

    def asked(self, now: float) -> bool:
        """Return whether to stop; looks for the file, once a second at most. `now` on one clock [s]."""
        if self._file is not None and now >= self._next_look and not self.signal:
            self._next_look = now + 1.0
            self._is_there = self._file.exists()
            if self._is_there:
                self.heed(AFTER_THIS_TASK[0])
        return bool(self.signal)

    def why(self) -> str:
        """Return what asked to stop, "" if nothing did."""
        if self._is_there:
            return f"the file {self._file} is there"
        return f"signal {self.signal}" if self.signal else ""

    def nap(self, clock: Clock, seconds: float) -> None:
        """Sleep. Raises Interrupted at any signal that asks to stop: nothing is lost by it."""
        with self.breakable(AT_ONCE + AFTER_THIS_TASK):
            clock.sleep(seconds)

    def heed(self, number: int, frame: FrameType | None = None) -> None:
        """Do as a signal asks."""
        self.signal = self.signal or number
        self._heard.add(number)
        if self.pass_on:
            self.pass_on(number)
        if number in self._breakers:
            self._break_off(number)
        elif self._notices and self._breakers:
            self._tell_time_is_up()

    def _break_off(self, number: int) -> None:
        now = time.monotonic()
        if self._broken == inf:
            self._broken = now
            if not self._notices:
                raise Interrupted
            self._tell_time_is_up()
        elif now - self._broken > _GRACE:
            _die_of(number)

    def _tell_time_is_up(self) -> None:
        """Raise TimeIsUp, unless that was done: what is being saved then is not disturbed."""
        if not self._noticed:
            self._noticed = True
            raise TimeIsUp


@contextmanager
def loading() -> Iterator[None]:
    """Load a jugfile in the block: if it catches a SIGINT the next ends this process, which stays where it is."""
    with forks.alone(), _staying():
        if signal.getsignal(signal.SIGINT) != signal.default_int_handler or not _is_main_thread():
            yield
            return
        signal.signal(signal.SIGINT, _last_warning)
        try:
            yield
        finally:
            if signal.getsignal(signal.SIGINT) in (_last_warning, signal.SIG_DFL):
                signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _staying() -> Iterator[None]:
    here = os.getcwd()
    try:
        yield
    finally:
        os.chdir(here)


def _last_warning(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _die_of(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
