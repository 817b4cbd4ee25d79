"""Workers on one real folder, in one process, and time that only sleeping moves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jughpc.fs import OsFiles
from jughpc.store.base import Claim, Pace, Store
from jughpc.store.checkpoints import Checkpoints
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.store.lease.heartbeat import Heartbeat, Singles
from jughpc.store.lease.lease import BeatingLease
from jughpc.store.lease.progress import Board
from jughpc.store.measures import Measures
from jughpc.store.record import Record
from jughpc.tasks import hooks
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import load
from jughpc.tasks.task import Task
from jughpc.testing.clocks import HandClock
from jughpc.worker.ledger import Ledger
from jughpc.worker.loop import Worker
from jughpc.worker.policy import Policy
from jughpc.worker.stops import Stops
from jughpc.worker.tally import Options

PATIENCE = 5_000.0  # [s] of the test's own time, after which a worker that still waits has gone astray
STEP = 5.0  # [s] at most between two beats


class LivelyClock(HandClock):
    """Sleeping lets heartbeats beat and planned things happen."""

    def __init__(self) -> None:
        super().__init__()
        self.heartbeats: list[Heartbeat] = []
        self.knocked: Callable[[Heartbeat], object] = lambda heartbeat: None
        self._plan: list[tuple[float, Callable[[], object]]] = []
        self._held_up = 0.0

    def hold_up(self, seconds: float) -> None:
        """Let so much time go by right after this clock is read the next time: whoever reads it may not run on."""
        self._held_up = seconds

    def uptime(self) -> float:
        now, self._held_up, pause = self.time, 0.0, self._held_up
        if pause:
            self.sleep(pause)
        return now

    def at(self, time: float, action: Callable[[], object]) -> None:
        """Have `action` done once it is `time`."""
        self._plan.append((time, action))

    def sleep(self, seconds: float) -> None:
        until = self.time + seconds
        while self.time < until:
            self.time += min(STEP, until - self.time)
            for heartbeat in self.heartbeats:
                heartbeat.deescalate()
                heartbeat.beat()
                if heartbeat.takes_knock():
                    self.knocked(heartbeat)
            due = [entry for entry in self._plan if entry[0] <= self.time]
            self._plan = [entry for entry in self._plan if entry[0] > self.time]
            for _, action in due:
                action()
        assert self.time < PATIENCE, "this worker waits for ever"


class HandBeats:
    """Meets heartbeat.Beats: its heartbeat beats while the test sleeps."""

    def __init__(self, store: Store, clock: LivelyClock) -> None:
        self.board = Board()
        self.heartbeat = Heartbeat(lambda: store, clock, lambda pid: (0, 0.0), self.board)
        clock.heartbeats.append(self.heartbeat)

    def begin(self, record: Record) -> None:
        self.heartbeat.begin(record)

    def settle(self) -> Singles:
        return self.heartbeat.settle()

    def stop(self) -> None:
        self.heartbeat.stop()

    def end(self) -> None:
        self.heartbeat.stop()


@dataclass
class Hand:
    """A worker and what it works on."""

    worker: Worker
    graph: Graph
    lease: BeatingLease
    stops: Stops
    space: dict[str, Any]
    ledger: Ledger
    said: list[str] = field(default_factory=list)

    def run(self) -> Hand:
        self.worker.run()
        return self

    def measures(self) -> Measures:
        """Return what it measured."""
        return self.ledger.measures(self.lease.record)

    @property
    def runs(self) -> list[Any]:
        """What the jugfile's functions noted in its list `runs`."""
        return self.space["runs"]

    @property
    def executed(self) -> int:
        return self.worker.tally.executed.total()


class Bench:
    """Workers that share one folder."""

    def __init__(self, path: Path) -> None:
        self.clock = LivelyClock()
        self.jugdir = path / "jugdir"
        self.files = OsFiles(self.jugdir)
        self.gone: set[str] = set()
        self.store = self.open(0)
        self._path = path
        self._born = 0

    def open(self, bits: int, files: Any = None) -> FileStore:
        """Open the folder anew, with so many shard bits."""
        gone = lambda record: record.life in self.gone  # noqa: E731
        files = files or self.files
        own = Checkpoints(self.jugdir, self.files)
        self.store = FileStore(files, self.clock, Layout(bits), Pace(), gone, checkpoints=own)
        return self.store

    def lease(self, store: Store | None = None) -> BeatingLease:
        """Return a life that has begun."""
        self._born += 1
        name = f"life-{self._born}"
        record = Record(life=name, host=name, space="s", pid=self._born, started=1, user="ada", owner=f"local:{name}")
        names = itertools.chain([name, f"{name}-again"], (f"{name}-again-{n}" for n in itertools.count(2)))
        beats = HandBeats(store or self.store, self.clock)
        lease = BeatingLease(beats, self.clock, lambda: Record(**{**vars(record), "life": next(names)}))
        lease.begin(store or self.store)
        return lease

    def worker(self, text: str, policy: Policy | None = None, store: Any = None, **options: Any) -> Hand:
        """Return a worker on a jugfile of this text, in which `clock` is the bench's and `runs` a list."""
        jugfile = self._path / "jugfile.py"
        jugfile.write_text(f"from jug import TaskGenerator\nruns = []\n{text}")
        store = store or self.store
        Task.store = store
        loaded = load(jugfile)
        loaded.space["clock"] = self.clock
        graph, stops, lease, said = Graph(loaded.tasks), Stops(options.get("stop_file")), self.lease(store), []
        policy = policy or Policy()
        options = {"keep_going": True, "retry_failed": False, **options}
        ledger = Ledger(self.clock, writes=False)
        worker = Worker(graph, store, lease, self.clock, stops, policy, Options(**options), said.append, ledger)
        return Hand(worker, graph, lease, stops, loaded.space, ledger, said)

    def holder(self, claim: Claim) -> str:
        """Return whose claim it is, "" if it is gone."""
        found = self.store.claimant(claim.shard, claim.key, claim.generation)
        return found.life if found else ""

    def names(self, shard: str = "0") -> list[str]:
        """Return the names in a shard's folder."""
        return sorted(self.files.names(f"shards/{shard}"))

    def claims(self) -> list[str]:
        """Return all names of claims."""
        return [name for shard in self.files.names("shards") for name in self.names(shard) if ".claim." in name]


NOTES = """
@TaskGenerator
def note(i):
    runs.append(i)
    return i * i

tasks = [note(i) for i in range(10)]
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    yield Bench(tmp_path)
    hooks.reset_all_hooks()
    Task.store = None


@pytest.fixture
def short() -> Callable[[], Policy]:
    """Return what makes a policy that knows `note` and `add` to be short."""
    return lambda: Policy(means={"jugfile.note": 1e-6, "jugfile.add": 1e-6})


@pytest.fixture
def notes() -> str:
    """Return a jugfile of ten tasks that note their argument in `runs` and square it."""
    return NOTES
