"""Begin a life in a store: what claims anything must be seen to live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jughpc.fs import Clock
from jughpc.host import measure
from jughpc.store.lease.process import ForkedPulse, new_record
from jughpc.store.location import Location
from jughpc.store.memory import QuietPulse

Life = ForkedPulse | QuietPulse


def new_life(location: Location, clock: Clock, owner: str = "", element: int = -1) -> Life:
    """Return a life that may begin in the store at `location`; call this before the jugfile is loaded."""
    if location.is_private:
        return QuietPulse(new_record(owner, element, clock.wall()))
    return ForkedPulse(location.find, clock, measure, owner, element)


@contextmanager
def living(location: Location, clock: Clock) -> Iterator[Life]:
    """Give the block a life that has not begun yet; it is ended behind the block."""
    life = new_life(location, clock)
    try:
        yield life
    finally:
        life.end("its work ended")
