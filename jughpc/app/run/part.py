"""One worker's part: what it does of one load of the jugfile, and how that ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from jughpc.app.context.site import Site
from jughpc.app.run.loads import Load
from jughpc.app.run.selection import Choice
from jughpc.exitcode import ExitCode, after_signal
from jughpc.store.base import Store
from jughpc.store.lease.lease import Lease
from jughpc.tasks.graph import Graph
from jughpc.worker.ledger import Ledger
from jughpc.worker.loop import Worker
from jughpc.worker.marks import Marks
from jughpc.worker.patience import Patience
from jughpc.worker.policy import Policy
from jughpc.worker.stops import AT_ONCE, Stops
from jughpc.worker.tally import Options, Tally

_ROUNDS = 3  # times that a worker computes again what its store lost


@dataclass(frozen=True)
class Outcome:
    """How a worker ended, or an element with all of its workers.

    Attributes:
        code: The exit code, an ExitCode or as `after_signal` tells.
        tally: What it did.
        nothing_left: Whether no other worker could do anything either: all is done, or failed, or waits for that.
        class_over: Whether none that keeps to the same tasks could: all of these are done, or failed.
        done: What is done, whoever did it, by name.
    """

    code: int
    tally: Tally
    nothing_left: bool = False
    class_over: bool = False
    done: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Part:
    """What a worker works with, from one load of the jugfile to the next."""

    lease: Lease
    stops: Stops
    policy: Policy
    options: Options
    site: Site
    patience: Patience
    ledger: Ledger

    def work(self, load: Load) -> tuple[Tally, bool]:
        """Work on one load; return what was done, and whether this worker is to end before all is."""
        target, total, rounds = load.session.target, Tally(), _ROUNDS
        self.site.say(
            f"{target.jugfile}: {load.choice.graph.listed} tasks, in {target.location}, as {self.lease.record.life}"
        )
        while True:
            worker = self._worker(load.choice, load.session.store)
            worker.run()
            gone = worker.recheck()
            total = total.plus(worker.tally)
            if gone:
                rounds -= 1
                self.site.say(gone)
            go_on = rounds > 0 if gone else self.patience.through(load.choice.look, "look at the store")
            if worker.stopping() or not (go_on or self.patience.through(load.choice.widen, "look at the store")):
                return total, worker.stopping()

    def noting(self, marks: Marks | None) -> Part:
        """Return the same part, which notes what tasks put out."""
        return replace(self, options=replace(self.options, marks=marks))

    def outcome(self, load: Load, total: Tally) -> Outcome:
        """Return how it ends with this load."""
        barrier, graph = load.session.jugfile.barrier, load.choice.graph
        code = _code(graph, total, barrier, self.stops)
        done = graph.count(graph.listed_done())
        return Outcome(code, total, load.is_over() and not barrier, load.choice.is_over() and not barrier, done)

    def _worker(self, choice: Choice, store: Store) -> Worker:
        site = self.site
        return Worker(
            choice.graph, store, self.lease, site.clock, self.stops, self.policy, self.options, site.say, self.ledger,
            choice.places(),
        )  # fmt: skip

    def tell_measures(self, store: Store) -> None:
        """Let others see what was measured, all of it."""
        self.ledger.write(store, self.lease.record)


def tell_what_waits(load: Load, site: Site) -> None:
    """Say what is left undone of the last load, and why."""
    if words := load.choice.words():
        site.say(words)
    if load.is_in_vain:
        name = load.session.jugfile.path.name
        site.say(f"the barrier of {name} stays, though all that may run before it here is done")


def stopped(stops: Stops) -> int:
    """Return the exit code of who was stopped in the midst of its work."""
    return after_signal(stops.signal) if stops.signal in AT_ONCE else ExitCode.LEFT


def _code(graph: Graph, total: Tally, barrier: bool, stops: Stops) -> int:
    left = graph.lacks_listed()
    if left and stops.signal in AT_ONCE:
        return stopped(stops)
    if total.failures or graph.failed_listed():
        return ExitCode.FAILED
    return ExitCode.LEFT if left or barrier else ExitCode.DONE
