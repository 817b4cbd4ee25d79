"""How a worker died: what its witness, which is not its parent, can still learn, in words; or that it is unknown."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import time
from contextlib import suppress
from typing import NamedTuple

from jughpc import cgroup, host
from jughpc.store.record import CRASH, MEMORY, TOLD
from jughpc.store.record import UNKNOWN as NOBODY_KNOWS

_GET_INFO = 0xC040FF0B  # PIDFD_GET_INFO, of Linux 6.15 and later: ioctl_pidfd(2)
_INFO = struct.Struct("<Q52xi")  # struct pidfd_info: mask first, exit code last
_HAS_EXIT = 1 << 3  # PIDFD_INFO_EXIT: known once the parent has reaped it
_PATIENCE = 0.5  # [s] its pipe is closed a little before the process has ended

_OF_SIGNALS = {  # short: a record has room for 80 characters
    signal.SIGKILL: "walltime, preemption or by hand most likely",
    signal.SIGSEGV: "a segmentation fault in compiled code",
    signal.SIGBUS: "a mapped file was cut short, or compiled code failed",
    signal.SIGABRT: "compiled code gave up",
    signal.SIGFPE: "an arithmetic fault in compiled code",
    signal.SIGILL: "compiled for another processor",
}
OUT_OF_MEMORY = "killed by SIGKILL: its cgroup ran out of memory"
UNKNOWN = "not seen; by SIGKILL most likely: memory, walltime, preemption or by hand"


_TOLD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU, signal.SIGUSR1, signal.SIGUSR2)
"""By which schedulers and users end what runs, whatever that is."""


class End(NamedTuple):
    """How a worker died.

    Attributes:
        how: As a record has it: CRASH, MEMORY, TOLD or UNKNOWN.
        words: The same for people.
    """

    how: str
    words: str


class Ending:
    """Learns how another process of this host ends; to be made while that one lives."""

    def __init__(self, pid: int) -> None:
        self._pid, self._kills = pid, cgroup.out_of_memory_kills()
        self._handle = -1
        with suppress(OSError, AttributeError):
            self._handle = os.pidfd_open(pid)

    def end(self) -> End:
        """Return how it died."""
        end = time.monotonic() + _PATIENCE
        while (status := self._status()) is None and time.monotonic() < end:
            time.sleep(0.01)
        kills = cgroup.out_of_memory_kills()
        ran_out = kills is not None and self._kills is not None and kills > self._kills
        return End(how(status, ran_out), words(status, ran_out))

    def _status(self) -> int | None:
        status = host.wait_status(self._pid)
        return self._status_of_reaped() if status is None else status

    def _status_of_reaped(self) -> int | None:
        data = bytearray(_INFO.size)
        _INFO.pack_into(data, 0, _HAS_EXIT, 0)
        try:
            fcntl.ioctl(self._handle, _GET_INFO, data)
        except OSError:  # an older kernel
            return None
        mask, status = _INFO.unpack(data)
        return status if mask & _HAS_EXIT else None


def how(status: int | None, ran_out: bool = False) -> str:
    """Return what kind of death a wait status tells of, as a record has it; the arguments are those of `words`."""
    if status is None or status == signal.SIGKILL:
        return MEMORY if ran_out else NOBODY_KNOWS
    return TOLD if os.WIFSIGNALED(status) and os.WTERMSIG(status) in _TOLD else CRASH


def words(status: int | None, ran_out: bool = False) -> str:
    """Return in words what a wait status says.

    Args:
        status: As waitpid(2) has it, None if nobody saw it.
        ran_out: Whether something of its cgroup was killed for lack of memory meanwhile.
    """
    if ran_out and status in (None, signal.SIGKILL):
        return OUT_OF_MEMORY
    if status is None:
        return UNKNOWN
    if not os.WIFSIGNALED(status):
        code = os.waitstatus_to_exitcode(status)
        return f"ended itself with exit code {code}, in the midst of its work"
    try:
        number = signal.Signals(os.WTERMSIG(status))
    except ValueError:  # one of those for real time
        return f"killed by signal {os.WTERMSIG(status)}"
    return ": ".join(filter(None, (f"killed by {number.name}", _OF_SIGNALS.get(number))))
