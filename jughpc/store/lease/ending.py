"""How a worker died: what its witness, which is not its parent, can still learn, in words; or that it is unknown."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import time
from contextlib import suppress

from jughpc import host

_GET_INFO = 0xC040FF0B  # PIDFD_GET_INFO, of Linux 6.15 and later: ioctl_pidfd(2)
_INFO = struct.Struct("<Q52xi")  # struct pidfd_info: mask first, exit code last
_HAS_EXIT = 1 << 3  # PIDFD_INFO_EXIT: known once the parent has reaped it
_PATIENCE = 1.0  # [s] its pipe is closed a little before the process has ended

_OF_SIGNALS = {
    signal.SIGKILL: "walltime, preemption or by hand most likely",
    signal.SIGSEGV: "a segmentation fault, in compiled code",
    signal.SIGBUS: "a file in its memory that was cut short or unreadable, or a fault of compiled code",
    signal.SIGABRT: "compiled code gave up",
    signal.SIGFPE: "an arithmetic fault, in compiled code",
    signal.SIGILL: "an instruction that this processor does not have: compiled for another one",
}
UNKNOWN = (
    "how it died could not be seen: by SIGKILL most likely (out of memory, walltime, preemption or by hand), a fault "
    "or an exit of compiled code; the scheduler's accounting may know"
)


class Witness:
    """Learns how another process of this host ends; to be made while that one lives."""

    def __init__(self, pid: int) -> None:
        self._pid, self._kills = pid, host.out_of_memory_kills()
        self._handle = -1
        with suppress(OSError, AttributeError):
            self._handle = os.pidfd_open(pid)

    def how(self) -> str:
        """Return how it died, in words."""
        end = time.monotonic() + _PATIENCE
        while (status := self._status()) is None and time.monotonic() < end:
            time.sleep(0.01)
        kills = host.out_of_memory_kills()
        return words(status, ran_out=kills is not None and self._kills is not None and kills > self._kills)

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


def words(status: int | None, ran_out: bool = False) -> str:
    """Return in words what a wait status says.

    Args:
        status: As waitpid(2) has it, None if nobody saw it.
        ran_out: Whether something of its cgroup was killed for lack of memory meanwhile.
    """
    if ran_out and status in (None, signal.SIGKILL):
        return "killed by SIGKILL, for its cgroup ran out of memory: ask for more with --mem, or let tasks take less"
    if status is None:
        return UNKNOWN
    if not os.WIFSIGNALED(status):
        code = os.waitstatus_to_exitcode(status)
        return f"ended with exit code {code} in the midst of its work: by os._exit, or from compiled code"
    number = os.WTERMSIG(status)
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    told = _OF_SIGNALS.get(signal.Signals(number), "") if number in set(signal.Signals) else ""
    return f"killed by {name}" + (f": {told}" if told else "")
