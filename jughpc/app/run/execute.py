"""Be a worker: load the jugfile, work on it, load it again past each barrier."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from jughpc.app.context import session as sessions
from jughpc.app.context.manifest import is_saved, key_of, of_graph, save
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.context.sources import Project, note
from jughpc.app.context.target import remember
from jughpc.app.run.rescue import spelt, take_up_here
from jughpc.app.run.selection import Choice
from jughpc.errors import JugdirError
from jughpc.exitcode import ExitCode, after_signal
from jughpc.store import rescue
from jughpc.store.lease.lease import Lease
from jughpc.store.location import Memory
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import Jugfile
from jughpc.tasks.matching import Matcher
from jughpc.worker.element import Place
from jughpc.worker.loop import Worker
from jughpc.worker.patience import GivenUpError, Patience
from jughpc.worker.policy import Policy
from jughpc.worker.stops import AT_ONCE, Interrupted, Stops
from jughpc.worker.tally import Options, Tally

_GONE = (
    "the results were in the memory of this process, and go with it: name a folder as --jugdir, or let the jugfile "
    "say set_jugdir('FOLDER') or set_jugdir('dict_store:FILE'), to keep them"
)
_FORGOTTEN = (
    "{count} results are gone from {location}, which had them: was it restarted, or emptied? They are computed again"
)
_ROUNDS = 3  # times that a worker computes again what its store forgets
_PATIENCE = 5  # loads that bring no new task, before a barrier is taken for one that is never passed


@dataclass(frozen=True)
class Outcome:
    """How a worker ended.

    Attributes:
        code: The exit code, an ExitCode or as `after_signal` tells.
        tally: What it did.
        nothing_left: Whether no other worker could do anything either: all is done, or failed, or waits for that.
    """

    code: int
    tally: Tally
    nothing_left: bool = False


def execute(site: Site, where: Place, options: Options, chosen: Matcher | None = None) -> Outcome:
    """Work on the site's jugfile until all is done, nothing can go on, or this process is told to stop.

    Args:
        chosen: Tells by its name whether a task is to be run; None for all of them.
    """
    stops = Stops(options.stop_file, site.say)
    stops.install()
    lease = site.lease(where.ref, where.owner)
    fitting = replace(options, largest=site.location.largest, rescue=partial(rescue.keep, jugdir=spelt(site)))
    patience = Patience(site.clock, stops, site.say, fitting)
    try:
        if where.ref is not None:  # people mend at once what is told at once
            patience.through(lambda: _opened(site), "open the store")
        with stops.loading():
            found = sessions.peek(site)
        session = patience.through(lambda: sessions.settle(found), "make the store")
        if where.ref is None:
            remember(site.folder, site.target, site.say)
        patience.through(lambda: lease.begin(session.store), "write its record")
        if not session.target.location.is_private:
            take_up_here(site, session.store)
        policy = Policy(workers=where.elements)
        outcome = _Shift(lease, stops, policy, fitting, site, chosen, patience).run(session)
        patience.through(lambda: sessions.close(session), "store its results", in_hand=True)
        if session.target.location == Memory():
            site.say(_GONE)
        return outcome
    except Interrupted:
        return Outcome(_stopped(stops), Tally())
    except GivenUpError as error:
        site.say(f"{error}; it gives up")
        return Outcome(_stopped(stops), Tally())
    finally:
        lease.end(stops.why() or "its work ended")
        stops.uninstall()


def _opened(site: Site) -> None:
    """Open the store, if there is one. Raises OSError, JugdirError that is no fault of the file system."""
    try:
        site.store()
    except JugdirError as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from error
        raise


@dataclass
class _Shift:
    """What goes on from one load of the jugfile to the next."""

    lease: Lease
    stops: Stops
    policy: Policy
    options: Options
    site: Site
    chosen: Matcher | None
    patience: Patience
    _total: Tally = field(default_factory=Tally)  # of all loads so far
    _project: Project | None = None

    def run(self, session: Session) -> Outcome:
        """Work on one load of the jugfile after the other."""
        try:
            return self._run(session)
        except GivenUpError as error:
            self.site.say(f"{error}; it gives up")
            return Outcome(_stopped(self.stops), self._total)
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
            self._note_sources(session, whole)
            choice = self._choice(session, whole)
            tally, is_stopping = self._work(session, choice)
            self._total = self._total.plus(tally)
            if choice.graph.unfinished or not jugfile.barrier or is_stopping or patience == 0:
                self._tell_what_waits(jugfile, choice, patience)
                nothing_left = whole.unfinished == whole.stuck and not jugfile.barrier
                code = _code(choice.graph, self._total, jugfile.barrier, self.stops)
                return Outcome(code, self._total, nothing_left)
            with self.stops.loading():
                session = self._again(session)

    def _choice(self, session: Session, whole: Graph) -> Choice:
        chosen = self.chosen
        return self.patience.through(lambda: Choice(session.jugfile, whole, session.store, chosen), "look at the store")

    def _again(self, session: Session) -> Session:
        return self.patience.through(lambda: sessions.again(session), "read the jugfile")

    def _note_sources(self, session: Session, graph: Graph) -> None:
        if (files := self.site.files) is None:
            return
        text = session.jugfile.text
        self._project = self._project or Project(session.target, text, self.site.folder)
        self._project.loaded(text)
        with suppress(OSError):  # what is lost is a warning
            note(files, session.store, graph, self._project)

    def _work(self, session: Session, choice: Choice) -> tuple[Tally, bool]:
        """Work on one load; return what was done, and whether this worker is to end before all is."""
        graph, target, total, rounds = choice.graph, session.target, Tally(), _ROUNDS
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
            forgotten = worker.recheck() if session.store.may_forget else 0
            total = total.plus(worker.tally)
            if forgotten:
                rounds -= 1
                self.site.say(_FORGOTTEN.format(count=forgotten, location=target.location))
            go_on = rounds > 0 if forgotten else self.patience.through(choice.look, "look at the store")
            if worker.stopping() or not go_on:
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
    """Keep what was loaded for status, if that works now; whoever loads first does so for all."""
    files = session.site.files
    if files is None or not graph.tasks:
        return
    try:
        key = key_of(session.target, session.jugfile.text)
        if not is_saved(files, key, len(graph.tasks)):
            save(files, key, of_graph(graph, session.jugfile.barrier), token)
    except OSError as error:  # `status` loads the jugfile then
        session.site.say(f"what was loaded cannot be kept for status: {error}")
