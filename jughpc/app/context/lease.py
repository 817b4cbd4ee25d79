"""Begin a life in a store: what claims anything must be seen to live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jughpc.fs import Clock
from jughpc.host import measure
from jughpc.store import location as stores
from jughpc.store.lease.process import ForkedPulse, new_record
from jughpc.store.memory import QuietPulse

Life = ForkedPulse | QuietPulse


def new_life(jugdir: str, clock: Clock, owner: str = "", element: int = -1) -> Life:
    """Return a life that may begin in the store of `jugdir`; call this before the jugfile is loaded."""
    if stores.is_private(jugdir):
        return QuietPulse(new_record(owner, element, clock.wall()))
    return ForkedPulse(lambda: stores.find_store(jugdir), clock, measure, owner, element)


@contextmanager
def living(jugdir: str, clock: Clock) -> Iterator[Life]:
    """Give the block a life that has not begun yet; it is ended behind the block."""
    life = new_life(jugdir, clock)
    try:
        yield life
    finally:
        life.end("its work ended")
