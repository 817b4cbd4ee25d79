"""Wait for the process that beats: however long it takes, but not while it is stopped by a signal."""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress

from jughpc import host
from jughpc.backoff import Backoff

_FIRST, _TICK = 0.001, 0.5  # [s] between two looks, at first and at most
_LOOKS = 20  # in a row, about 6 s: a job that is resumed wakes its processes one after the other


class Awaited:
    """A process that something is waited for from, and that beats for nobody while it is stopped (SIGSTOP, SIGTSTP).

    All that it beats for wait as well: it is killed then, which they know to live with.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._looks = pid, 0
        self._pause = Backoff(_FIRST, _TICK)

    def pause(self) -> float:
        """Look at it once more; return how long to wait until the next look [s].

        Looks are counted, not time: who was stopped together with it has not waited.
        """
        self._looks = self._looks + 1 if host.is_stopped(self._pid) else 0
        if self._looks == _LOOKS:
            with suppress(OSError):  # it is gone, or another's by now
                os.kill(self._pid, signal.SIGKILL)
        return self._pause.next()


def hear(pipe: int, size: int, pid: int) -> bytes:
    """Return what process `pid` answers, of so many bytes. Raises OSError if it is gone."""
    data, awaited, poll = b"", Awaited(pid), select.poll()
    poll.register(pipe, select.POLLIN)
    while len(data) < size:
        while not poll.poll(1000 * awaited.pause()):  # [ms]
            pass
        if not (part := os.read(pipe, size - len(data))):
            raise BrokenPipeError
        data += part
    return data


def wait(pid: int) -> None:
    """Wait until process `pid` ended. Raises ChildProcessError if it is no child of this one, or waited for already."""
    awaited = Awaited(pid)
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        time.sleep(awaited.pause())
