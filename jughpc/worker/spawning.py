"""Workers that load the jugfile by themselves: each is the command that was typed, told which worker it is to be."""

from __future__ import annotations

import os
import pickle
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from jughpc.worker.element import WORKER

if TYPE_CHECKING:
    from jughpc.worker.seat import Report, Seat

_SAID = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})/(\d{1,9})")


@dataclass(frozen=True)
class Spawned:
    """Which worker of its element this process is to be.

    Attributes:
        number, count: Which of how many, from 1.
    """

    number: int
    count: int
    _report: int

    def tell(self, report: Report) -> None:
        """Say how this worker ended to the process that looks after it."""
        with suppress(OSError), os.fdopen(self._report, "wb") as end:  # a task may have closed it
            pickle.dump(report, end)


def spawned(environ: Mapping[str, str]) -> Spawned | None:
    """Return which worker this process is to be, None if it is no spawned one; what it starts is none either."""
    said = _SAID.fullmatch(environ.get(WORKER, ""))
    os.environ.pop(WORKER, None)
    if said is None:
        return None
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    found = Spawned(*map(int, said.groups()))
    with suppress(OSError):
        os.set_inheritable(int(said[3]), False)
    return found


def become(seat: Seat, count: int) -> NoReturn:
    """Load and work in this process's place, as worker `seat.number` of `count`."""
    seat.line.end()  # it has something of its own that beats for it
    seat.stops.uninstall()
    os.set_inheritable(seat.report, True)
    os.environ[WORKER] = f"{seat.number}/{count}/{seat.report}"
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # until `spawned`: Python would start with a traceback
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606  # this very command again
