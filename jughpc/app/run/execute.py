"""Be a worker: load the jugfile, work on it, load it again past each barrier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from jughpc.app.context import session as sessions
from jughpc.app.context.lease import new_lease
from jughpc.app.context.manifest import is_saved, key_of, of_graph, save
from jughpc.app.context.session import Session
from jughpc.app.context.target import Target, remember
from jughpc.app.run.selection import Choice
from jughpc.errors import SettingError
from jughpc.exitcode import ExitCode, after_signal
from jughpc.fs import Clock
from jughpc.store.base import Pace
from jughpc.store.lease.lease import Lease
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import Jugfile
from jughpc.tasks.matching import Matcher
from jughpc.worker.loop import Worker
from jughpc.worker.policy import Policy
from jughpc.worker.stops import AT_ONCE, Stops
from jughpc.worker.tally import Options, Say, Tally

_PATIENCE = 5  # loads that bring no new task, before a barrier is taken for one that is never passed


@dataclass(frozen=True)
class Place:
    """Where a worker stands among its kind, as the scheduler's script says in the environment.

    Attributes:
        owner: The element, in the scheduler's words; "" by hand.
        element, elements: Its number, and how many there are; -1 and 1 by hand.
        deadline: When the scheduler ends it [Unix s], None for never.
    """

    owner: str = ""
    element: int = -1
    elements: int = 1
    deadline: float | None = None

    @property
    def start(self) -> float:
        """Where on the way round it begins, 0 to 1."""
        return max(self.element, 0) / self.elements


@dataclass(frozen=True)
class Outcome:
    """How a worker ended.

    Attributes:
        code: The exit code, an ExitCode or as `after_signal` tells.
        tally: What it did.
    """

    code: int
    tally: Tally


def place(environ: Mapping[str, str]) -> Place:
    """Read the place from the environment. Raises SettingError."""
    try:
        deadline = environ.get("JUGHPC_DEADLINE")
        return Place(
            owner=environ.get("JUGHPC_OWNER", ""),
            element=int(environ.get("JUGHPC_ELEMENT", "-1")),
            elements=max(1, int(environ.get("JUGHPC_ELEMENTS", "1"))),
            deadline=float(deadline) if deadline else None,
        )
    except ValueError as error:
        raise SettingError(f"the environment holds a JUGHPC_* variable that is no number: {error}") from error


def execute(
    target: Target, pace: Pace, where: Place, options: Options, clock: Clock, say: Say, chosen: Matcher | None = None
) -> Outcome:
    """Work on `target` until all is done, nothing can go on, or this process is told to stop.

    Args:
        chosen: Tells by its name whether a task is to be run; None for all of them.
    """
    stops = Stops(options.stop_file)
    stops.install()
    lease = new_lease(target.location, clock, where.owner, where.element)
    try:
        session = sessions.begin(target, pace)
        if not where.owner:
            remember(Path.cwd(), target, say)
        lease.begin(session.store)
        fitting = replace(options, largest=target.location.largest)
        outcome = _Shift(lease, stops, Policy(workers=where.elements), fitting, clock, say, chosen).run(session)
        sessions.close(session)
        return outcome
    finally:
        lease.end(stops.why() or "its work ended")


@dataclass(frozen=True)
class _Shift:
    """What stays the same from one load of the jugfile to the next."""

    lease: Lease
    stops: Stops
    policy: Policy
    options: Options
    clock: Clock
    say: Say
    chosen: Matcher | None

    def run(self, session: Session) -> Outcome:
        """Work on one load of the jugfile after the other."""
        total, before, patience = Tally(), 0, _PATIENCE
        while True:
            jugfile, whole = session.jugfile, Graph(session.jugfile.tasks)
            patience = _PATIENCE if len(whole.tasks) != before else patience - 1
            before = len(whole.tasks)
            _save_manifest(session, whole, self.lease.record.life)
            choice = Choice(jugfile, whole, session.store, self.chosen)
            tally, is_stopping = self._work(session, choice)
            total = total.plus(tally)
            if choice.graph.unfinished or not jugfile.barrier or is_stopping or patience == 0:
                self._tell_what_waits(jugfile, choice, patience)
                return Outcome(_code(choice.graph, total, jugfile.barrier, self.stops), total)
            session = sessions.again(session)

    def _work(self, session: Session, choice: Choice) -> tuple[Tally, bool]:
        """Work on one load; return what was done, and whether this worker is to end before all is."""
        graph, target, total = choice.graph, session.target, Tally()
        self.say(f"{target.jugfile}: {graph.listed} tasks, in {target.location}, as {self.lease.record.life}")
        while True:
            worker = Worker(
                graph, session.store, self.lease, self.clock, self.stops, self.policy, self.options, self.say
            )
            worker.run()
            total = total.plus(worker.tally)
            if worker.stopping() or not choice.look():
                return total, worker.stopping()

    def _tell_what_waits(self, jugfile: Jugfile, choice: Choice, patience: int) -> None:
        if words := choice.words():
            self.say(words)
        if patience == 0:
            self.say(f"the barrier of {jugfile.path.name} stays, though all that may run before it here is done")


def _code(graph: Graph, total: Tally, barrier: bool, stops: Stops) -> int:
    left = any(not graph.is_done(index) for index in range(graph.listed))
    if left and stops.signal in AT_ONCE:
        return after_signal(stops.signal)
    if total.failures or any(graph.is_failed(index) for index in range(graph.listed)):
        return ExitCode.FAILED
    return ExitCode.LEFT if left or barrier else ExitCode.DONE


def _save_manifest(session: Session, graph: Graph, token: str) -> None:
    """Keep what was loaded for status; whoever loads first does so for all."""
    if session.files is None or not graph.tasks:
        return
    key = key_of(session.target.jugfile, session.target.args)
    if not is_saved(session.files, key, len(graph.tasks)):
        save(session.files, key, of_graph(graph, session.jugfile.barrier), token)
