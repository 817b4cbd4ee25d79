"""The use cases that a simulated cluster plays: the batch layer itself, joined as `app` joins it.

`collect` is in miniature what app.collect is: the same questions in the same order, on a board instead of a store.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from jughpc.backoff import Backoff
from jughpc.batch import ends, journal, settling, standing, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.ends import End
from jughpc.batch.plan import DependentJob, plan
from jughpc.batch.scheduler import Job, Limits, Resources, Role, Scheduler, State, Workload
from jughpc.batch.settling import cancel as cancel_all
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.batch.submitter import Submitter
from jughpc.errors import JugError, SchedulerError
from jughpc.testing.cluster.board import Board
from jughpc.testing.cluster.seat import Seat
from jughpc.testing.cluster.told import Told

_FIRST, _LONGEST = 0.5, 30.0  # [s] as app.collect has them
_SIGNALLED = 128  # exit codes above it tell of a signal
_WAITING = (State.QUEUED, State.RUNNING, State.UNKNOWN)


class SimPath(type(Path())):  # type: ignore[misc]  # PosixPath, whatever this Python calls it
    """A path on the simulated disk, where modes mean nothing and folders need no removal."""

    def chmod(self, mode: int, *, follow_symlinks: bool = True) -> None:
        """Do nothing: there are no modes."""

    def rmdir(self) -> None:
        """Do nothing: there are no empty folders."""


JUGDIR = SimPath("/home/ada/run/primes.jugdata")


@dataclass(frozen=True)
class Order:
    """What the user asks for at submit.

    Attributes:
        rounds: Further arrays that the collector may submit.
    """

    size: int
    throttle: int | None = None
    walltime: float | None = None
    rounds: int = 2
    reduce: bool = True


@dataclass(frozen=True)
class Bench:
    """All that a use case of ours sees of the world.

    Attributes:
        seat: Its process: files, clock, run, say.
        system: The scheduler's name.
        order: What the user asks for.
        board: The tasks, as a store would show them.
        rng: For tokens.
        change: Returns the scheduler that is spoken through, given the one that ships.
        stem, owner: Of a job of ours: how the names of its files begin, and its owner string.
    """

    seat: Seat
    system: str
    order: Order
    board: Board
    rng: random.Random
    change: Callable[[Scheduler], Scheduler] = lambda scheduler: scheduler
    stem: str = ""
    owner: str = ""

    def here(self) -> Cluster:
        """Return the system, as it says now what it allows."""
        return self._changed(self._clusters().here(self.system))

    def recorded(self, submission: Submission) -> Cluster:
        """Return the system that a submission was given to."""
        return self._changed(self._clusters().recorded(submission.scheduler, submission.limits))

    def submitter(self, cluster: Cluster) -> Submitter:
        """Return what the batch layer submits through."""
        return Submitter(cluster, self.seat.files, self.seat.say)

    def _clusters(self) -> Clusters:
        return Clusters(
            self.seat.clock, lambda _, timeout: partial(self.seat.run, timeout=timeout), find=lambda _: None
        )

    def _changed(self, cluster: Cluster) -> Cluster:
        return replace(cluster, scheduler=self.change(cluster.scheduler))


def submit(bench: Bench) -> int:
    """Queue an array, a collector and a reduce."""
    cluster, submission, jobs = planned(bench)
    bench.submitter(cluster).submit(submission, jobs)
    return 0


def planned(bench: Bench) -> tuple[Cluster, Submission, list[Job]]:
    """Return a submission that was recorded, its jobs as they are planned, and where they go."""
    cluster = bench.here()
    settle(bench)
    submission = submissions.prepare(bench.seat.files, _drafted(bench, cluster.limits))
    return cluster, submission, plan(submission, cluster.scheduler, _dependents(submission, bench.order.rounds))


def status(bench: Bench) -> Sequence[Told]:
    """Return how the latest submission stands by the scheduler's word."""
    seat = bench.seat
    settle(bench)
    submission = submissions.latest(seat.files, JUGDIR)
    return list(_told(bench, submission)) if submission else []


def settle(bench: Bench) -> None:
    """Do first what every command does first. Raises SchedulerError if that was not possible."""
    settled = settling.settle_all(bench.seat.files, JUGDIR, bench.recorded)
    if trouble := "".join(one.trouble for one in settled.values()):
        raise SchedulerError(trouble)


def cancel(bench: Bench, number: int) -> int:
    """End all of submission `number`."""
    submission = submissions.load(bench.seat.files, JUGDIR, number)
    cancel_all(bench.recorded(submission), bench.seat.files, submission)
    return 0


def collect(bench: Bench, options: Mapping[str, str]) -> int:
    """Wait for those who work, and hand what is left to a further array; return the exit code."""
    number, rounds = int(options["submission"]), int(options["rounds"])
    left = int(options["left"]) if "left" in options else None
    seat, board = bench.seat, bench.board
    submission = submissions.load(seat.files, JUGDIR, number)
    pauses = Backoff(_FIRST, _LONGEST, 1.5)
    while True:
        hope = _hope(bench, submission)
        if board.all_done:
            return 0
        if not board.living() and not hope:
            break
        seat.clock.sleep(pauses.next())
    unfinished = len(board.tasks) - len(board.done)
    if board.ready() and rounds and unfinished != left:
        _hand_over(bench, submission, rounds, unfinished)
    return 3


def reduce(bench: Bench, options: Mapping[str, str]) -> int:
    """Run over the results: it ends well if all are there."""
    bench.seat.clock.sleep(2.0)
    return 0 if bench.board.all_done else 1


def tell_end(bench: Bench, number: int, code: int) -> None:
    """Tell how this job of submission `number` ends: the last that it does, in one instant with its end."""
    submission = submissions.load(bench.seat.files, JUGDIR, number)
    end = End(bench.owner, code, State.FAILED if code else State.DONE)
    if code > _SIGNALLED:
        end = ends.of_signal(bench.owner, code - _SIGNALLED)
    ends.tell(bench.seat.files, ends.path_of(submission, bench.stem), end)


def _hand_over(bench: Bench, submission: Submission, rounds: int, left: int) -> None:
    seat = bench.seat
    if submissions.is_cancelled(seat.files, submission):
        return
    before = journal.accepted(seat.files, submission)
    cluster = bench.recorded(submission)
    dependents = _dependents(submission, rounds - 1, f"--left={left}")
    size = min(left, submission.workload.size)
    try:
        bench.submitter(cluster).submit_more(submission, size, dependents)
    except JugError as error:
        seat.say(f"they were refused: {error}")
        return
    reduces = [job for job in before if job.role is Role.REDUCE][-1:]
    if words := settling.withdraw(cluster, seat.files, submission, reduces):
        seat.say(words)


def _hope(bench: Bench, submission: Submission) -> bool:
    """Return whether the scheduler may still start a worker."""
    files = bench.seat.files
    settling.settle_all(files, JUGDIR, bench.recorded)
    jobs = journal.accepted(files, submission)
    cancelled = submissions.is_cancelled(files, submission)
    try:
        found = standing.stand(bench.recorded(submission), files, submission, jobs)
    except JugError:
        return not cancelled
    return not cancelled and any(one.state in _WAITING for one in found.elements.values())


def _told(bench: Bench, submission: Submission) -> Iterator[Told]:
    files = bench.seat.files
    jobs = journal.accepted(files, submission)
    found = standing.statuses(bench.recorded(submission), files, submission, jobs)
    for job in jobs:
        for place in range(job.size):
            if status := found.get((job.name, place)):
                yield Told(job, place, status)


def _drafted(bench: Bench, limits: Limits) -> Submission:
    order = bench.order
    drafted = submissions.draft(
        bench.seat.files,
        bench.seat.clock,
        JUGDIR,
        scheduler=bench.system,
        workload=Workload(("python", "-m", "jughpc", "execute"), order.size, "primes"),
        options=ElementOptions(JUGDIR.parent, Resources(walltime=order.walltime), order.throttle),
        limits=limits,
        meta={"reduce": "reduce.py" if order.reduce else ""},
    )
    return replace(drafted, token=f"{bench.rng.getrandbits(32):08x}", user="ada", host="login01")


def _dependents(submission: Submission, rounds: int, *more: str) -> list[DependentJob]:
    options = (f"--submission={submission.number}", f"--rounds={rounds}", *more)
    argv, resources = ("python", "-m", "jughpc"), submission.options.resources
    dependents = [DependentJob(Role.COLLECT, (*argv, "collect", *options), resources)]
    if submission.meta.get("reduce"):
        dependents.append(DependentJob(Role.REDUCE, (*argv, "reduce", options[0]), resources))
    return dependents
