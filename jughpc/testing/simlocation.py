"""A jugdir on simulated files, and leases in it that nothing beats for: what use cases need to run in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from jughpc._version import __version__
from jughpc.errors import JugdirError
from jughpc.fs import Clock, Files, OsClock
from jughpc.store.base import Pace, Store
from jughpc.store.checkpoints import Checkpoints
from jughpc.store.files.charter import Charter, find_charter, publish_charter
from jughpc.store.files.layout import Layout, bits_for
from jughpc.store.files.store import FileStore
from jughpc.store.lease.identity import new_record
from jughpc.store.lease.lease import Lease
from jughpc.store.lease.quiet import QuietLease
from jughpc.store.location import Location
from jughpc.store.record import ElementRef, Record


@dataclass(frozen=True)
class SimFolder:
    """Meets location.Location on files that a test has made.

    Attributes:
        held: The files; the store lies at their root.
        path: The folder that they stand for.
        gone: Lives whose process this host knows to be gone.
        token: Tells the files of this process from all others'; made up if empty.
        checkpoints: The folders of tasks' own, on a real disk; None for none.
    """

    held: Files = field(compare=False)
    path: Path
    gone: set[str] = field(default_factory=set, compare=False)
    token: str = field(default="", compare=False)
    checkpoints: Checkpoints | None = field(default=None, compare=False)

    is_private: ClassVar[bool] = False
    largest: ClassVar[int | None] = None

    def __str__(self) -> str:
        return str(self.path)

    def find(self, clock: Clock | None = None) -> Store | None:
        clock = clock or OsClock()
        charter = find_charter(self.held, clock, self.path)
        if charter is None:
            return None
        layout, pace = Layout(charter.bits), charter.pace
        return FileStore(self.held, clock, layout, pace, self._is_gone, self.token, self.checkpoints)

    def make(self, tasks: int, pace: Pace, clock: Clock | None = None) -> Store:
        if (found := self.find(clock)) is None:
            publish_charter(self.held, Charter(bits_for(tasks), pace), __version__, self.token)
            found = self.find(clock)
        if found is None:
            raise JugdirError(f"{self} was not made")
        return found

    def remove(self) -> None:
        raise JugdirError(f"{self} is simulated: forget its disk instead")

    def files(self) -> Files:
        return self.held

    def folder(self) -> Path:
        return self.path

    def spell(self) -> str:
        return str(self)

    def _is_gone(self, record: Record) -> bool:
        return record.life in self.gone


def still_lease(
    location: Location, clock: Clock, ref: ElementRef | None = None, owner: str = "", worker: int = 0
) -> Lease:
    """Return a lease that nothing beats for: what `Site.new_lease` is while no time goes by."""
    return QuietLease(new_record(clock.wall(), ref, owner, worker))
