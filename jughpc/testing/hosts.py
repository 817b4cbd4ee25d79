"""Simulated hosts and the processes on them: a worker and what beats for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from jughpc.store.base import Store
from jughpc.store.lease.lease import BeatingLease
from jughpc.store.record import Record
from jughpc.testing.beating import SimBeats, Witness
from jughpc.testing.clocks import SimClock
from jughpc.testing.simfiles import Client
from jughpc.testing.stage import Actor

WORKER = "worker"


@dataclass
class Host:
    """One host: a clock, a cache, and its processes.

    Attributes:
        mortal: Whether what runs here may die.
        witness: What beats for all of an element's workers, None if each has something of its own.
    """

    name: str
    clock: SimClock
    client: Client
    mortal: bool = True
    processes: list[Process] = field(default_factory=list)
    witness: Witness | None = None

    def is_gone(self, record: Record) -> bool:
        """Return whether a record's process ran here and is gone."""
        return record.host == self.name and not self.processes[record.pid - 1].alive

    def actors(self) -> list[Actor]:
        """Return all that runs here."""
        actors = (actor for process in self.processes for actor in process.actors() if not actor.over)
        return list(dict.fromkeys(actors))  # one may beat for several


class SimLease(BeatingLease):
    """A lease that tells when a life is being given up.

    Attributes:
        renewing: Whether the present life is given up, but the next has not begun.
    """

    renewing = False
    process: Process

    def renew(self, reason: str) -> None:
        self.renewing = True
        super().renew(reason)
        self.renewing = False


class Process:
    """One process: a worker, or a visitor that has no life.

    Attributes:
        store: The store as it sees it.
        actor: What runs in it.
        lease, beats: Its lease, and what beats for them, if it is a worker.
        former: Whose place it takes, None if it is the first there.
        haunts: How often its record was written since it died.
    """

    store: Store
    actor: Actor
    lease: SimLease
    beats: SimBeats
    former: Process | None = None
    haunts = 0

    def __init__(self, host: Host, owner: str) -> None:
        self.host, self.works = host, owner == WORKER
        self.pid = len(host.processes)
        self.name = f"{owner}-{host.name}-{self.pid}"
        self._born = 0
        host.processes.append(self)

    @property
    def alive(self) -> bool:
        """Whether it runs, or waits to."""
        return not self.actor.over and not self.actor.doomed

    @property
    def late(self) -> bool:
        """Whether it is a worker whose claims others may have taken over by now."""
        return self.works and self.lease.late()

    def actors(self) -> list[Actor]:
        """Return all that runs in it or for it."""
        return [self.actor, self.beats.witness.actor] if self.works else [self.actor]

    def is_turned_to(self, actor: Actor) -> bool:
        """Return whether what `actor` does now is this process's doing."""
        if actor is self.actor:
            return True
        return self.works and actor is self.beats.witness.actor and self.beats.witness.served is self.beats

    def identify(self) -> Record:
        """Return the record of a new life."""
        self._born += 1
        return Record(
            life=f"{self.name}-{self._born}", host=self.host.name, space="boot", pid=self.pid + 1, started=1, user="sim"
        )
