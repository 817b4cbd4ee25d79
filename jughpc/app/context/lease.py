"""Begin a lease in a store: what claims anything must be seen to live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jughpc.fs import Clock
from jughpc.host import measure
from jughpc.store.lease.identity import new_record
from jughpc.store.lease.lease import Lease
from jughpc.store.lease.process import BeatProcess, alone
from jughpc.store.lease.quiet import QuietLease
from jughpc.store.location import Location
from jughpc.store.record import ElementRef

NewLease = Callable[[Location, Clock, ElementRef | None, str, int], Lease]


def new_lease(
    location: Location, clock: Clock, ref: ElementRef | None = None, owner: str = "", worker: int = 0
) -> Lease:
    """Return a lease that may begin in the store at `location`; call this before the jugfile is loaded."""
    if location.is_private:
        return QuietLease(new_record(clock.wall(), ref, owner, worker))
    return alone(BeatProcess(location.find, clock, measure), clock, ref, owner, worker)


def beating_for(location: Location, clock: Clock, workers: int) -> BeatProcess:
    """Return what beats for workers that are forked later; call this before the jugfile is loaded."""
    return BeatProcess(location.find, clock, measure, workers)


@contextmanager
def until_the_end(lease: Lease) -> Iterator[Lease]:
    """Give the block a lease that has not begun yet; it is ended behind the block."""
    try:
        yield lease
    finally:
        lease.end("its work ended")
