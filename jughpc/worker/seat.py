"""One of several workers in its own process: what it finds there, and how it tells its end to who looks after it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import IOBase
from typing import NoReturn

from jughpc import host, leftopen
from jughpc.descriptors import Descriptor
from jughpc.errors import JugError
from jughpc.store.lease.process import Line
from jughpc.worker import lastacts
from jughpc.worker.stops import Interrupted, Stops
from jughpc.worker.tally import Tally


@dataclass(frozen=True)
class Seat:
    """What a worker finds in its own process.

    Attributes:
        number: Which of its element's workers it is, from 1.
        line: To what beats for it.
        report: Where its report is to be written, a descriptor.
        files: That the jugfile left open.
    """

    number: int
    line: Line
    stops: Stops
    report: int
    files: Sequence[IOBase] = ()


@dataclass(frozen=True)
class Report:
    """How a worker ended its part.

    Attributes:
        code: The exit code that it would have by itself.
        nothing_left: Whether no other worker could do anything either.
        class_over: Whether none that keeps to the same tasks could.
        is_over: Whether all that can be done of this load is done.
        is_done: Whether all of it is.
        done: What is done of it, whoever did it, by name.
        trouble: What kept it from working, and will be the user's to mend; None if nothing did.
    """

    code: int
    tally: Tally = field(default_factory=Tally)
    nothing_left: bool = False
    class_over: bool = False
    is_over: bool = False
    is_done: bool = False
    done: Counter[str] = field(default_factory=Counter)
    trouble: JugError | None = None


Work = Callable[[Seat], Report]
"""What a worker does, in its own process."""


def sit(seat: Seat, work: Work, parent: int, settle: Callable[[], None]) -> NoReturn:
    """Be a worker, from here to the end of this process.

    Args:
        parent: Who looks after it: if that ends, this is asked to.
        settle: Lets go of what only that needs.
    """
    code = 1
    try:
        lastacts.begin_anew()
        report = Descriptor(seat.report)
        settle()  # first: there may be no descriptor left to import anything with
        host.end_with_parent(signal.SIGTERM, parent)
        code = int(not _hand_in(report, pickle.dumps(work(seat))))
    except BaseException:
        traceback.print_exc()
    finally:
        _end_in_order(seat.stops)
        leftopen.finish_soon(seat.files)
        leftopen.flush_streams()
        os._exit(code)


def take_streams(out: int, err: int | None = None) -> None:
    """Have standard output go to these descriptors; standard input, which several would read at once, is empty.

    Args:
        err: Where errors go, None to where all else goes.
    """
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for source, number in ((nowhere, 0), (out, 1), (os.dup(out) if err is None else err, 2)):
        os.dup2(source, number)
        os.close(source)


def read(told: bytes | bytearray) -> Report | None:
    """Return what a worker reported, None if it did not come to that."""
    try:
        found = pickle.loads(told)  # from a child of this very process
    except Exception:  # of any kind: it died while it wrote
        return None
    return found if isinstance(found, Report) else None


def _end_in_order(stops: Stops) -> None:
    """Do what tasks registered for the end; a signal that comes now breaks it off, whatever came before."""
    stops.forget()
    with suppress(Exception, Interrupted), stops.breakable():
        lastacts.perform()


def _hand_in(report: Descriptor, data: bytes) -> bool:
    """Write a report; return whether that could be done: a task may have closed all that was open."""
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(report.number, left) :]
    except OSError as error:  # what it stored is there nevertheless
        print(f"jughpc: what this worker did is not counted at the end: {error.strerror}", file=sys.stderr)
        return False
    return True
