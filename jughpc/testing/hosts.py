"""Simulated hosts and the processes on them: a worker and what beats for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jughpc.store.base import Store
from jughpc.store.lease.ending import End
from jughpc.store.lease.heartbeat import RETRY, Heartbeat, Singles
from jughpc.store.lease.lease import BeatingLease
from jughpc.store.lease.progress import Board
from jughpc.store.record import UNKNOWN, Record
from jughpc.testing.clocks import SimClock
from jughpc.testing.simfiles import Client
from jughpc.testing.stage import Actor, Stage

_TICK = 5.0  # [s] between two looks at what the worker does

WORKER = "worker"

MakeHeartbeat = Callable[[Board], Heartbeat]


@dataclass
class Host:
    """One host: a clock, a cache, and its processes.

    Attributes:
        mortal: Whether what runs here may die.
    """

    name: str
    clock: SimClock
    client: Client
    mortal: bool = True
    processes: list[Process] = field(default_factory=list)

    def is_gone(self, record: Record) -> bool:
        """Return whether a record's process ran here and is gone."""
        return record.host == self.name and not self.processes[record.pid - 1].alive

    def actors(self) -> list[Actor]:
        """Return all that runs here."""
        return [actor for process in self.processes for actor in process.actors() if not actor.over]


class SimBeats:
    """Meets heartbeat.Beats by an actor instead of a process."""

    def __init__(self, stage: Stage, name: str, clock: SimClock, make: MakeHeartbeat) -> None:
        self._stage, self._name, self._clock = stage, name, clock
        self.board = Board()
        self._heartbeat = make(self.board)
        self._order: Callable[[], float] | None = None
        self._idle = self._ended = self._orphaned = False
        self.actor = stage.spawn(name, self._serve)

    def begin(self, record: Record) -> None:
        self._give(lambda: self._heartbeat.begin(record))

    def settle(self) -> Singles:
        answers: list[Singles] = []

        def settle() -> float:
            answers.append(self._heartbeat.settle())
            return 0.0

        self._ask(settle)
        return answers[0] if answers else Singles([], in_place=False)

    def stop(self) -> None:
        if not self._ask(self._heartbeat.stop):
            self._stage.hold(0.0)  # by which who unwinds where it was killed starts nothing
            self.actor = self._stage.spawn(self._name, self._serve)

    def end(self) -> None:
        self._ended = True
        self._wake()

    def orphan(self) -> None:
        """Let it see that its worker died."""

        def say_that_it_died() -> float:
            self._heartbeat.say_that_it_died(End(UNKNOWN, "killed by SIGKILL"))
            self._ended = True
            return 0.0

        self._give(say_that_it_died)
        self._orphaned = True

    def _ask(self, order: Callable[[], float]) -> bool:
        """Give an order and wait until it is done; return whether it was, or nobody was there to do it."""
        self._give(order)
        while self._order and not (self.actor.over or self.actor.doomed):
            self._stage.hold(0.1)  # it is in the midst of a beat
        return self._order is None

    def _give(self, order: Callable[[], float]) -> None:
        if not self._orphaned:  # else whoever unwinds where it was killed orders nothing any more
            self._order = order
            self._wake()

    def _wake(self) -> None:
        if self._idle:
            self._stage.wake(self.actor)

    def _serve(self) -> None:
        pause = RETRY
        while not self._ended:
            order, self._order = self._order, None
            if order:
                pause = order()
                continue
            if pause <= 0:
                pause = self._heartbeat.beat()
            started = self._clock.now()
            self._rest(min(pause, _TICK))
            self._heartbeat.deescalate()
            pause -= self._clock.now() - started + 1e-6  # so that rounding cannot leave a pause for ever

    def _rest(self, pause: float) -> None:
        """Wait for an order, for `pause` seconds at most."""
        if self._order is None and not self._ended:
            self._idle = True
            self._stage.hold(pause / self._clock.rate)
            self._idle = False


class SimLease(BeatingLease):
    """A lease that tells when a life is being given up.

    Attributes:
        renewing: Whether the present life is given up, but the next has not begun.
    """

    renewing = False

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
    """

    store: Store
    actor: Actor
    lease: SimLease
    beats: SimBeats

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
        return [self.actor, self.beats.actor] if self.works else [self.actor]

    def identify(self) -> Record:
        """Return the record of a new life."""
        self._born += 1
        return Record(
            life=f"{self.name}-{self._born}", host=self.host.name, space="boot", pid=self.pid + 1, started=1, user="sim"
        )
