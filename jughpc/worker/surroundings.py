"""What a task leaves behind of the process that it ran in, put back for the worker and the tasks to come.

Environment, locale and the like are left as they are: workers do not rely on them.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from jughpc import leftopen, staged
from jughpc.descriptors import Descriptor

FOR_GOOD = " for good"
"""The end of words about what could not be put back."""

_LIMITS = {name: number for name, number in vars(resource).items() if name.startswith("RLIMIT_")}
_LIMITS.pop("RLIMIT_OFILE", None)  # RLIMIT_NOFILE under another name
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_STREAMS = {1: "stdout", 2: "stderr"}
_HIGH = 200  # spare descriptors lie from here on, out of the way


class Surroundings:
    """The working directory, umask, limits, timers, blocked signals, and standard streams, as they were when made.

    Attributes:
        folder: Where the user's code runs.
    """

    def __init__(self) -> None:
        self._home = self.folder = os.getcwd()
        self._umask = _umask()
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._limits = {name: resource.getrlimit(number) for name, number in _LIMITS.items()}
        self._objects = {name: getattr(sys, name) for name in _STREAMS.values()}
        self._spares = {number: _spare(number) for number in _STREAMS}

    def enter(self) -> None:
        """Go where the user's code runs, if that is still there."""
        if self.folder != self._home:
            with suppress(OSError):
                os.chdir(self.folder)

    def put_back(self) -> list[str]:
        """Put back what is different now; return what was, in words."""
        changes = (self._limits_changed, self._folder_changed, self._umask_changed, self._signals_changed)
        return [words for change in (*changes, self._streams_changed, _watchdog) for words in change()]

    def close(self) -> None:
        """Give back what this holds."""
        for spare in self._spares.values():
            spare.close()

    def _folder_changed(self) -> Iterator[str]:
        here = ""
        with suppress(OSError):  # it may be gone
            here = os.getcwd()
        if here not in (self.folder, self._home):
            yield "another working directory"
        if here != self._home:
            try:
                os.chdir(self._home)
            except OSError as error:
                yield f"no working directory to go back to ({error})"

    def _umask_changed(self) -> Iterator[str]:
        if (umask := os.umask(self._umask)) != self._umask:
            yield f"the umask {umask:03o}"

    def _limits_changed(self) -> Iterator[str]:
        for name, before in self._limits.items():
            if (now := resource.getrlimit(_LIMITS[name])) != before:
                yield f"a limit of its own, {name}={now[0]}" + _raised(name, before, now)

    def _signals_changed(self) -> Iterator[str]:
        if blocked := signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked) - self._blocked:
            yield f"{', '.join(sorted(_signal_name(number) for number in blocked))} blocked"
        for timer in _TIMERS:
            if any(signal.getitimer(timer)):
                signal.setitimer(timer, 0)
                yield "an alarm that was still to come"
        if signal.getsignal(signal.SIGPIPE) != signal.SIG_IGN:  # as Python has it: else a write to who is gone is death
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            yield "SIGPIPE not ignored"

    def _streams_changed(self) -> Iterator[str]:
        for number, name in _STREAMS.items():
            if not _is_open(number):
                _reopen(number, self._spares[number])
                yield f"{name} closed"
            if getattr(sys, name) is not self._objects[name] or self._objects[name].closed:
                self._renew(number, name)
                yield f"sys.{name} closed or replaced"

    def _renew(self, number: int, name: str) -> None:
        if self._objects[name].closed:
            self._objects[name] = open(number, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
        setattr(sys, name, self._objects[name])


def _spare(number: int) -> Descriptor:
    """Return a second descriptor of a stream; that of one that was closed from the start is none."""
    with suppress(OSError):
        return Descriptor(fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, _HIGH))
    return Descriptor(-1)


def _reopen(number: int, spare: Descriptor) -> None:
    """Open a stream again: where it went before or, if all descriptors were closed, nowhere."""
    if spare.is_ours():
        os.dup2(spare.number, number)
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def _watchdog() -> Iterator[str]:
    """Call off what faulthandler was told to do later, which may be to end the process."""
    if "faulthandler" in sys.modules:
        sys.modules["faulthandler"].cancel_dump_traceback_later()
    yield from ()


def _raised(name: str, before: tuple[int, int], now: tuple[int, int]) -> str:
    try:
        resource.setrlimit(_LIMITS[name], before)
    except (ValueError, OSError):  # who lowered the hard limit cannot raise it again
        with suppress(ValueError, OSError):
            resource.setrlimit(_LIMITS[name], (now[1] if before[0] == resource.RLIM_INFINITY else before[0], now[1]))
        return FOR_GOOD
    return ""


def end_in_spite_of_threads(code: int, say: Callable[[str], None], seconds: float = 5.0) -> None:
    """Have this process end with `code` within so many seconds from now [s], though threads go on that tasks left."""
    mine = (threading.main_thread(), threading.current_thread())
    left = [thread for thread in threading.enumerate() if not thread.daemon and thread not in mine]
    if left:
        timer = threading.Timer(seconds, _end, (code, say, left))
        timer.daemon = True
        timer.start()


def _end(code: int, say: Callable[[str], None], threads: list[threading.Thread]) -> None:
    names = ", ".join(thread.name for thread in threads if thread.is_alive())
    say(f"threads that tasks left go on ({names}): this worker ends without them")
    leftopen.finish_soon()
    leftopen.flush_streams()
    staged.leave()  # last: from here on nothing is imported
    os._exit(code)


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _signal_name(number: Any) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
