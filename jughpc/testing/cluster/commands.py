"""Our commands as users type them and as jobs run them, on a simulated cluster: the use cases that ship.

Each does what the command of its name in `jughpc.cli` does, but for reading the command line and printing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from jughpc.app.context import pinned
from jughpc.app.context.session import peek
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.run.reduce import reduce as run_reduce
from jughpc.app.status.report import Report, report
from jughpc.app.status.tasks import in_words, standing_in
from jughpc.app.submit import own_end
from jughpc.app.submit.cancel import cancel as end
from jughpc.app.submit.collect import Charge
from jughpc.app.submit.collect import collect as gather
from jughpc.app.submit.history import as_before, history
from jughpc.app.submit.more import Wish, add
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.request import Retry
from jughpc.app.submit.submit import SubmitRequest, plan_submission
from jughpc.app.submit.submit import submit as queue
from jughpc.app.submit.verdict import End, story
from jughpc.app.submit.wait import wait_for
from jughpc.batch import withdraw as withdrawing
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Resources, Role
from jughpc.batch.submissions import ElementOptions
from jughpc.config.settings import Settings
from jughpc.exitcode import ExitCode
from jughpc.testing.cluster.home import FOLDER, JUGDIR, JUGFILE, SCRIPT, Home
from jughpc.testing.cluster.scripts import Command
from jughpc.testing.cluster.seat import Seat
from jughpc.testing.simlocation import SimFolder, still_lease
from jughpc.worker.element import place

_COLLECTORS = 1800.0  # [s] as settings have it where nobody says another


@dataclass(frozen=True)
class Order:
    """What the user asks for at submit.

    Attributes:
        rounds: Further arrays that the collector may submit.
        wait: Whether submit waits until all has ended.
        mem_retry: How much more memory tasks get that ran out of it, None for no more.
        collect: How long a collector may run [s].
    """

    size: int
    throttle: int | None = None
    walltime: float | None = None
    rounds: int = 2
    reduce: bool = True
    wait: bool = False
    mem_retry: float | None = None
    collect: float = _COLLECTORS


@dataclass(frozen=True)
class Bench:
    """All that a command of ours sees of the world.

    Attributes:
        seat: Its process: files, clock, run, say.
        system: The scheduler's name.
        order: What the user asks for.
        rng: For the names that it makes up.
        environ: Of a job of ours, as its script sets it.
        far: The name of another system that elements may be added on, "" for none.
    """

    seat: Seat
    home: Home
    system: str
    order: Order
    rng: random.Random
    environ: Mapping[str, str]
    far: str = ""

    @property
    def clusters(self) -> Clusters:
        """The batch systems as they answer this process."""
        return Clusters(
            self.seat.clock, lambda _, timeout: partial(self.seat.run, timeout=timeout), find=self.seat.find
        )

    def site(self, text: str = "") -> Site:
        """Return where this process works; with the text of the jugfile that has this name, if one is given."""
        location = SimFolder(self.seat.files, self.home.path(JUGDIR), token=f"{self.rng.getrandbits(32):08x}")
        target = Target(self.home.path(JUGFILE), location)
        target = pinned.pinned(target, text) if text else target
        settings = Settings(rounds=self.order.rounds)
        folder, clock, say = self.home.path(FOLDER), self.seat.clock, self.seat.say
        return Site(target, settings, clock, say, folder, still_lease, apart=lambda make: make())  # all are of one


def submit(bench: Bench, *, again: bool = False) -> int:
    """Queue an array, a collector and a reduce."""
    order = bench.order
    options = ElementOptions(
        bench.home.path(FOLDER), Resources(walltime=order.walltime), order.throttle, python="python",
        collect=Resources(walltime=order.collect), reduce=Resources(walltime=order.walltime),
    )  # fmt: skip
    script = bench.home.path(SCRIPT) if order.reduce else None
    request = SubmitRequest(
        order.size, options, bench.system, reduce=script, rounds=order.rounds, again=again, retry=Retry(order.mem_retry)
    )
    return _submit(bench, bench.site(), request)


def resubmit(bench: Bench) -> int:
    """Submit as before."""
    site = bench.site()
    request = as_before(site, bench.clusters, None, None)
    script = bench.home.path(str(request.reduce)) if request.reduce else None
    return _submit(bench, site, replace(request, reduce=script))


def _submit(bench: Bench, site: Site, request: SubmitRequest) -> int:
    planned = plan_submission(site, bench.clusters, request)
    if not planned.jobs:
        return ExitCode.DONE
    token = f"{bench.rng.getrandbits(32):08x}"
    done = queue(replace(planned, submission=replace(planned.submission, token=token)))
    if not bench.order.wait:
        return ExitCode.DONE
    return wait_for(site, bench.clusters, done.submission, lambda found: bench.seat.say(in_words(found.standing))).code


def more(bench: Bench) -> int:
    """Add elements to the submission that goes on."""
    add(bench.site(), bench.clusters, bench.order.size)
    return ExitCode.DONE


def more_elsewhere(bench: Bench) -> int:
    """Add elements to the submission that goes on, on the other system."""
    add(bench.site(), bench.clusters, bench.order.size, Wish(bench.far))
    return ExitCode.DONE


def status(bench: Bench) -> Report:
    """Return how the latest submission, and all tasks, stand."""
    return report(bench.site(), bench.clusters)


def listing(bench: Bench) -> int:
    """List all submissions."""
    history(bench.site(), bench.clusters)
    return ExitCode.DONE


def cancel(bench: Bench, number: int | None) -> int:
    """End submission `number`, by default all that go on."""
    end(bench.site(), bench.clusters, number)
    return ExitCode.DONE


def collect(bench: Bench, command: Command) -> int:
    """Wait for those who work, and hand what is left to a further array; return the exit code."""
    site, options = bench.site(command.options.get("as-submitted", "")), command.options
    with own_end.recorded(site, Role.COLLECT, bench.environ) as own:
        before = Progress.read(options["progress"])
        stem, last = own_end.stem(site, Role.COLLECT, bench.environ), "queues-reduce" in command.flags
        deadline = place(bench.environ).deadline
        charge = Charge(int(options["submission"]), int(options["rounds"]), before, deadline, stem, last)
        verdict = gather(site, bench.clusters, charge)
        own.lines = list(story(site, verdict))
        own.code = ExitCode.DONE if verdict.end is End.DONE else ExitCode.LEFT
    return own.code


def reduce(bench: Bench, command: Command) -> int:
    """Run over the results: it ends well if all are there."""
    site, script = bench.site(command.options.get("as-submitted", "")), bench.home.path(command.options["script"])
    with own_end.recorded(site, Role.REDUCE, bench.environ) as own:
        session = peek(site)
        found = standing_in(session) if "if-done" in command.flags else None
        if found and found.unfinished:
            own.code = ExitCode.LEFT
        else:
            run_reduce(session, script)
            own_end.mark_reduced(site, script)
    return own.code


def withdraw(bench: Bench, token: str, stem: str = "") -> Iterator[str]:
    """Withdraw the elements that are still queued, as who finds nothing left to do has it done."""
    files, clusters = bench.seat.files, bench.clusters.hasty(withdrawing.PATIENCE)
    yield from withdrawing.withdraw(
        files,
        bench.home.path(JUGDIR),
        token,
        partial(clusters.of, files),
        stem,
    )
