"""Be a worker: load the jugfile, work on it, load it again past each barrier."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from jughpc.app.context import session as sessions
from jughpc.app.context.manifest import is_saved, key_of, of_graph, save
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.context.target import remember
from jughpc.app.run.selection import Choice
from jughpc.exitcode import ExitCode, after_signal
from jughpc.store.lease.lease import Lease
from jughpc.store.location import Memory
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import Jugfile
from jughpc.tasks.matching import Matcher
from jughpc.worker.element import Place
from jughpc.worker.loop import Worker
from jughpc.worker.policy import Policy
from jughpc.worker.stops import AT_ONCE, Interrupted, Stops
from jughpc.worker.tally import Options, Tally

_GONE = (
    "the results were in the memory of this process, and go with it: name a folder as --jugdir, or let the jugfile "
    "say set_jugdir('FOLDER') or set_jugdir('dict_store:FILE'), to keep them"
)
_PATIENCE = 5  # loads that bring no new task, before a barrier is taken for one that is never passed


@dataclass(frozen=True)
class Outcome:
    """How a worker ended.

    Attributes:
        code: The exit code, an ExitCode or as `after_signal` tells.
        tally: What it did.
    """

    code: int
    tally: Tally


def execute(site: Site, where: Place, options: Options, chosen: Matcher | None = None) -> Outcome:
    """Work on the site's jugfile until all is done, nothing can go on, or this process is told to stop.

    Args:
        chosen: Tells by its name whether a task is to be run; None for all of them.
    """
    stops = Stops(options.stop_file, site.say)
    stops.install()
    lease = site.lease(where.ref, where.owner)
    try:
        with stops.loading():
            found = sessions.peek(site)
        session = sessions.settle(found)
        if where.ref is None:
            remember(site.folder, site.target, site.say)
        lease.begin(session.store)
        fitting = replace(options, largest=site.location.largest)
        outcome = _Shift(lease, stops, Policy(workers=where.elements), fitting, site, chosen).run(session)
        sessions.close(session)
        if session.target.location == Memory():
            site.say(_GONE)
        return outcome
    except Interrupted:
        return Outcome(_stopped(stops), Tally())
    finally:
        lease.end(stops.why() or "its work ended")
        stops.uninstall()


@dataclass
class _Shift:
    """What goes on from one load of the jugfile to the next."""

    lease: Lease
    stops: Stops
    policy: Policy
    options: Options
    site: Site
    chosen: Matcher | None
    _total: Tally = field(default_factory=Tally)  # of all loads so far

    def run(self, session: Session) -> Outcome:
        """Work on one load of the jugfile after the other."""
        try:
            return self._run(session)
        except Interrupted:  # while the jugfile was loaded again, or tasks digested
            return Outcome(_stopped(self.stops), self._total)

    def _run(self, session: Session) -> Outcome:
        before, patience = 0, _PATIENCE
        while True:
            self.stops.tasks_run_in(session.jugfile.folder)
            with self.stops.user_code("a digest"):
                jugfile, whole = session.jugfile, Graph(session.jugfile.tasks)
            patience = _PATIENCE if len(whole.tasks) != before else patience - 1
            before = len(whole.tasks)
            _save_manifest(session, whole, self.lease.record.life)
            choice = Choice(jugfile, whole, session.store, self.chosen)
            tally, is_stopping = self._work(session, choice)
            self._total = self._total.plus(tally)
            if choice.graph.unfinished or not jugfile.barrier or is_stopping or patience == 0:
                self._tell_what_waits(jugfile, choice, patience)
                return Outcome(_code(choice.graph, self._total, jugfile.barrier, self.stops), self._total)
            with self.stops.loading():
                session = sessions.again(session)

    def _work(self, session: Session, choice: Choice) -> tuple[Tally, bool]:
        """Work on one load; return what was done, and whether this worker is to end before all is."""
        graph, target, total = choice.graph, session.target, Tally()
        self.site.say(f"{target.jugfile}: {graph.listed} tasks, in {target.location}, as {self.lease.record.life}")
        while True:
            worker = Worker(
                graph,
                session.store,
                self.lease,
                self.site.clock,
                self.stops,
                self.policy,
                self.options,
                self.site.say,
            )
            worker.run()
            total = total.plus(worker.tally)
            if worker.stopping() or not choice.look():
                return total, worker.stopping()

    def _tell_what_waits(self, jugfile: Jugfile, choice: Choice, patience: int) -> None:
        if words := choice.words():
            self.site.say(words)
        if patience == 0:
            self.site.say(f"the barrier of {jugfile.path.name} stays, though all that may run before it here is done")


def _code(graph: Graph, total: Tally, barrier: bool, stops: Stops) -> int:
    left = any(not graph.is_done(index) for index in range(graph.listed))
    if left and stops.signal in AT_ONCE:
        return _stopped(stops)
    if total.failures or any(graph.is_failed(index) for index in range(graph.listed)):
        return ExitCode.FAILED
    return ExitCode.LEFT if left or barrier else ExitCode.DONE


def _stopped(stops: Stops) -> int:
    return after_signal(stops.signal) if stops.signal in AT_ONCE else ExitCode.LEFT


def _save_manifest(session: Session, graph: Graph, token: str) -> None:
    """Keep what was loaded for status; whoever loads first does so for all."""
    files = session.site.files
    if files is None or not graph.tasks:
        return
    key = key_of(session.target.jugfile, session.target.args)
    if not is_saved(files, key, len(graph.tasks)):
        save(files, key, of_graph(graph, session.jugfile.barrier), token)
