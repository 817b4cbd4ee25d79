"""Where a command works: made once at the border, opened once, handed in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jughpc.app.context.lease import NewLease, new_lease, until_the_end
from jughpc.app.context.target import Target
from jughpc.config.settings import Settings
from jughpc.fs import Clock, Files
from jughpc.store.base import Pace, Store
from jughpc.store.lease.lease import Lease
from jughpc.store.location import Location
from jughpc.store.record import ElementRef
from jughpc.worker.apart import apart

Say = Callable[[str], None]
"""Takes a line on what goes on, while it goes on; what a command has to show, it returns."""


@dataclass(frozen=True)
class Site:
    """A jugfile and its store, and how a use case reaches time and people.

    Attributes:
        settings: As they hold for this command.
        say: Takes a line for people while they wait.
        folder: Where commands are typed, and the last jugfile is remembered.
        new_lease: Returns a lease that may begin in the store.
        apart: Does something in a process of its own; see worker.apart.
        cached: Whether a look shows the tasks as they were loaded last, and the jugfile is not run.
    """

    target: Target
    settings: Settings
    clock: Clock
    say: Say
    folder: Path = Path()
    new_lease: NewLease = new_lease
    cached: bool = False
    apart: Callable[[Callable[[], Any]], Any] = apart
    _opened: list[Store] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def location(self) -> Location:
        """Where the store lies."""
        return self.target.location

    @property
    def files(self) -> Files | None:
        """The jugdir, None for a store that is no folder."""
        return self.location.files()

    @property
    def pace(self) -> Pace:
        """How fast lives prove themselves, for a store that is made now."""
        return Pace(self.settings.beat, self.settings.lag, self.settings.ttl)

    def store(self) -> Store | None:
        """Return the store, opened once; None while there is none. Raises JugdirError if it cannot be used."""
        if not self._opened and (found := self.location.find(self.clock)):
            self._opened.append(found)
        return self._opened[0] if self._opened else None

    def make(self, tasks: int) -> Store:
        """Return the store; make one that is fit for `tasks` tasks if there is none. Raises JugdirError."""
        if (store := self.store()) is None:
            store = self.location.make(tasks, self.pace, self.clock)
            self._opened.append(store)
        return store

    def lease(self, ref: ElementRef | None = None, owner: str = "", worker: int = 0) -> Lease:
        """Return a lease that may begin in the store; call this before the jugfile is loaded."""
        return self.new_lease(self.location, self.clock, ref, owner, worker)

    def leasing(self) -> AbstractContextManager[Lease]:
        """Give a block a lease that has not begun yet; it is ended behind the block."""
        return until_the_end(self.lease())
