"""A login host in a test's hand: a jugdir on simulated files, a simulated Slurm, and time that only sleeping moves."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jughpc.app.context import session as sessions
from jughpc.app.context.columns import of_graph
from jughpc.app.context.kept import keep, load_of
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.status.overview import Overview, overview
from jughpc.app.status.report import Report, report
from jughpc.app.submit.submit import SubmitRequest, Submitted, plan_submission, submit
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Reply
from jughpc.batch.submissions import ElementOptions
from jughpc.cli.output.bars import ASCII
from jughpc.cli.output.screen import rows
from jughpc.config.settings import Settings
from jughpc.errors import CommandMissingError
from jughpc.store.base import SHARD, Store
from jughpc.store.failure import Failure
from jughpc.store.measures import SHORTENED, Long, Measures, Summary, Sums, encode
from jughpc.store.record import DIED, ElementRef, Record
from jughpc.tasks.graph import Graph
from jughpc.testing.cluster.answers import Caller
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.home import SimPath
from jughpc.testing.cluster.model import Node, SimJob
from jughpc.testing.cluster.processes import Exited, Start
from jughpc.testing.cluster.rules import SLURM
from jughpc.testing.cluster.slurm import SimSlurm
from jughpc.testing.disk import Disk
from jughpc.testing.simfiles import Client, Orders, SimFiles
from jughpc.testing.simlocation import SimFolder, still_lease
from jughpc.testing.stage import Stage

SUMS = """
from jug import TaskGenerator

@TaskGenerator
def single(i):
    return i

@TaskGenerator
def double(x):
    return 2 * x

@TaskGenerator
def total(xs):
    return sum(xs)

singles = [single(i) for i in range(4)]
doubles = [double(one) for one in singles]
whole = total(doubles)
"""


def readable(folder: str, lab: Lab) -> Path:
    """Return a path on the lab's disk, which other than through its files can be read, too."""

    class OnDisk(SimPath):
        def read_bytes(self) -> bytes:
            return lab.files.read(str(self.relative_to(folder)))

    return OnDisk(folder)


PATIENCE = 20_000.0  # [s] of the test's own time, after which whoever still waits has gone astray


class StageClock:
    """Meets `Clock`: sleeping plays what is due on the stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def now(self) -> float:
        return self._stage.time

    uptime = now

    def wall(self) -> float:
        return 1_700_000_000.0 + self._stage.time

    def sleep(self, seconds: float) -> None:
        end = self._stage.time + seconds
        assert end < PATIENCE, "this waits for ever"
        self._stage.at(seconds, lambda: None)
        self._stage.run(lambda: self._stage.time >= end)


@dataclass
class Held:
    """A process in an element that does nothing until the test says so."""

    start: Start
    exited: Exited
    over: bool = False

    def term(self) -> None:
        self.exit(-15)

    def kill(self) -> None:
        self.over = True

    def exit(self, code: int) -> None:
        if not self.over:
            self.over = True
            self.exited(code)


class Life:
    """A worker somewhere else, as the store shows it."""

    def __init__(self, lab: Lab, name: str, ref: ElementRef | None) -> None:
        self.lab, self.ref = lab, ref
        prefix = str(ref) if ref else "hand"
        joined = {"submission": ref.submission, "element": ref.element, "run": ref.run} if ref else {}
        self.record = Record(
            life=f"{prefix}-{name}-7-0000cafe", host=name, space="boot", pid=7, started=5, user="ada", **joined
        )
        lab.store.begin(self.record)
        self.claims = lab.store.claims(self.record.life)
        self._beats = True
        self._beat()

    def claim(self, digest: bytes) -> Life:
        shard = 0 if digest == SHARD else self.lab.store.shard_of(digest)
        won, _ = self.claims.take(shard, digest, self.lab.store.look(shard))
        assert won, "somebody else holds it"
        return self

    def runs(self, digest: bytes, name: str) -> Life:
        self.record = replace(self.record, task=name, digest=digest.hex(), beats=self.record.beats + 1)
        self.lab.store.beat(self.record)
        return self

    def falls_silent(self) -> Life:
        self._beats = False
        return self

    def dies(self, reason: str = "killed by SIGKILL") -> Life:
        self._beats = False
        self.record = replace(self.record, state=DIED, reason=reason, beats=self.record.beats + 1)
        self.lab.store.beat(self.record)
        return self

    def ends(self) -> Life:
        self._beats = False
        self.lab.store.end(self.record)
        return self

    def _beat(self) -> None:
        if self._beats:
            self.record = replace(self.record, beats=self.record.beats + 1)
            self.lab.store.beat(self.record)
            self.lab.stage.at(15.0, self._beat)


@dataclass
class Lab:
    """A jugfile, its store, and a cluster of as many nodes as are asked for.

    Attributes:
        orders: The fate of the calls of files.
        commands: What the scheduler was asked.
        on_start: What happens when an element starts.
        deaf: Whether the scheduler's commands are missing.
    """

    tmp_path: Path
    text: str = SUMS
    slots: int = 8
    nodes: int = 1
    settings: Settings = field(default_factory=Settings)
    args: tuple[str, ...] = ()
    on_start: Callable[[Held], object] = lambda held: None

    def __post_init__(self) -> None:
        random.seed(1)  # pauses jitter: a test sees the same ones each time
        self.stage, self.said, self.commands, self.orders = Stage(), list[str](), list[list[str]](), Orders()
        self.clock = StageClock(self.stage)
        self.disk = Disk(self.clock.now)
        self.files = SimFiles(Client(self.disk), self.orders)
        self.folder = readable("/shared/run/sums.jugdata", self)
        self.location = SimFolder(self.files, self.folder)
        self.jugfile = self.tmp_path / "sums.py"
        self.jugfile.write_text(self.text)
        self.engine = Engine(self.stage, random.Random(1), SLURM, self._nodes(), self._launch)
        self._slurm, self.processes, self.deaf = SimSlurm(self.engine, self._read), list[Held](), False
        self.clusters = Clusters(self.clock, runner=lambda scheduler, timeout: self._run)

    @property
    def site(self) -> Site:
        """The site as a new command finds it."""
        target = Target(self.jugfile, self.location, self.args)
        return Site(target, self.settings, self.clock, self.said.append, self.tmp_path, still_lease)

    @property
    def store(self) -> Store:
        found = self.location.find(self.clock)
        assert found is not None, "there is no store yet"
        return found

    def _nodes(self) -> list[Node]:
        return [Node(f"node{number}", self.slots) for number in range(1, self.nodes + 1)]

    # tasks

    def begin(self) -> Lab:
        """Load the jugfile, make the store and keep the manifest."""
        session = sessions.begin(self.site)
        graph = Graph(session.jugfile.tasks)
        load = load_of(session, b"".join(graph.digests))
        keep(self.files, load, lambda: of_graph(graph, session.jugfile.barrier), "test")
        return self

    def digests(self, name: str) -> list[bytes]:
        """Return the digests of the tasks of that function, in the order of their definition."""
        return [task.digest for task in sessions.peek(self.site).jugfile.tasks if task.name.endswith(f".{name}")]

    def done(self, *digests: bytes, value: object = 0) -> Lab:
        for digest in digests:
            self.store.put(digest, value)
        return self

    def all(self) -> set[bytes]:
        """Return the digests of all tasks."""
        return {task.digest for task in sessions.peek(self.site).jugfile.tasks}

    def all_done(self) -> Lab:
        return self.done(*self.all())

    def failed(self, digest: bytes, name: str = "sums.single", deaths: int = 0) -> Lab:
        now = self.clock.wall()
        self.store.fail(Failure(digest, name, "ValueError: no", "trace", "life", "node1", "", now, deaths=deaths))
        return self

    def life(self, name: str = "node1", element: int | None = None, run: int = 0, token: str = "") -> Life:
        return Life(self, name, None if element is None else ElementRef(token, element, run))

    def seen(self, found: Report | None = None) -> Overview:
        """Return all that is to be shown of a report, by default one of now."""
        return overview(self.site, found or report(self.site, self.clusters))

    def screen(self, found: Report | None = None, width: int = 80, *, full: bool = False) -> str:
        """Return what `status` shows of it."""
        return "\n".join(map(str, rows(self.seen(found), width, ASCII, full=full)))

    def claimed(self) -> set[bytes]:
        """Return what is claimed, by the living or the dead."""
        views = [self.store.look(shard) for shard in self.store.shards_in_use()]
        return {key for view in views for key in view.claims if key != SHARD}

    def measured(self, life: str, begun: float, digests: Sequence[bytes], wall: float = 30.0) -> Lab:
        """Have a life, which began then [Unix s], keep that it ran these tasks of `sums.single`."""
        sums, tasks = Sums(), [Long("sums.single", one.hex()[:SHORTENED], 0, wall, 0, 0, False) for one in digests]
        sums.add([wall] * len(tasks), 0.0, 0, 0)
        summary = Summary(life, "node1", begun, begun + 1, 0.0, 0, {"sums.single": sums})
        self.store.keep_measures(life, encode(Measures(summary, 1.0, [], tasks)))
        return self

    # jobs

    def request(self, size: int = 2, reduce: Path | None = None, **changes: Any) -> SubmitRequest:
        options = ElementOptions(self.folder.parent)
        return SubmitRequest(size, options, scheduler="slurm", reduce=reduce, **changes)

    def submit(self, size: int = 2, reduce: Path | None = None, **changes: Any) -> Submitted:
        return submit(plan_submission(self.site, self.clusters, self.request(size, reduce, **changes)))

    def reduce_script(self, text: str = "") -> Path:
        (path := self.tmp_path / "sums_reduce.py").write_text(text)
        return path

    def job(self, number: int) -> SimJob:
        """Return the job that was queued as the `number`-th of all, from 0 on."""
        return self.engine.history[number]

    def queued(self) -> list[str]:
        """Return the names of all jobs that were ever queued, without their token."""
        return [job.ask.name for job in self.engine.history]

    def asked(self, command: str) -> int:
        return sum(argv[0] == command for argv in self.commands)

    def exit(self, code: int = 0, *places: int) -> None:
        """Let processes end with `code`: those started as these, by default all."""
        for place in places or range(len(self.processes)):
            self.processes[place].exit(code)

    def _launch(self, start: Start, exited: Exited) -> Held:
        self.processes.append(held := Held(start, exited))
        self.stage.at(0.0, lambda: self.on_start(held))
        return held

    def _run(self, argv: Sequence[str]) -> Reply:
        self.commands.append([argv[0].rpartition("/")[2], *argv[1:]])
        if self.deaf:
            raise CommandMissingError(argv[0])
        answer = self._slurm.answer(argv, Caller("ada", workdir=str(self.folder.parent)))
        return Reply(tuple(argv), answer.code, answer.stdout, answer.stderr)

    def _read(self, path: str) -> str | None:
        inode = self.disk.find(path.removeprefix(f"{self.folder}/"))
        real = Path(path)  # of a jugdir that a test made on a real disk
        return inode.data.decode() if inode else real.read_text() if real.is_file() else None
