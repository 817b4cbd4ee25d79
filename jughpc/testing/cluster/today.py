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
from jughpc.batch import registry, submissions
from jughpc.batch.plan import Follower, plan
from jughpc.batch.polling import cancel as cancel_all
from jughpc.batch.polling import cancel_jobs, poll
from jughpc.batch.scheduler import EVERY, ElementId, Limits, Resources, Role, Scheduler, State, Workload
from jughpc.batch.submissions import Accepted, Options, Submission
from jughpc.batch.submitter import Desk, submit_more
from jughpc.batch.submitter import submit as submit_all
from jughpc.errors import JugError
from jughpc.testing.cluster.board import Board
from jughpc.testing.cluster.seat import Seat
from jughpc.testing.cluster.told import Told

PATIENCE = 30.0  # [s] as app.jobs has it
_FIRST, _LONGEST = 0.5, 30.0  # [s] as app.collect has them
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
        find: Returns the scheduler that speaks for a system within its limits.
    """

    seat: Seat
    system: str
    order: Order
    board: Board
    rng: random.Random
    find: Callable[[str, Limits], Scheduler] = registry.find

    def desk(self, scheduler: Scheduler) -> Desk:
        """Return what the batch layer submits through."""
        return Desk(self.seat.files, self.seat.clock, scheduler, self.seat.run, self.seat.say)


def submit(bench: Bench) -> int:
    """Queue an array, a collector and a reduce."""
    seat, order = bench.seat, bench.order
    _, limits = registry.look(bench.system, partial(seat.run, timeout=PATIENCE))
    scheduler = bench.find(bench.system, limits)
    submission = submissions.prepare(seat.files, _drafted(bench, limits))
    jobs = plan(submission, scheduler, _followers(submission, order.rounds))
    submit_all(bench.desk(scheduler), submission, jobs)
    return 0


def status(bench: Bench) -> Sequence[Told]:
    """Return how the latest submission stands by the scheduler's word."""
    seat = bench.seat
    submission = submissions.latest(seat.files, JUGDIR)
    if submission is None:
        return []
    jobs = submissions.accepted(seat.files, submission)
    return list(_told(jobs, _scheduler(bench, submission), partial(seat.run, timeout=PATIENCE)))


def cancel(bench: Bench, number: int) -> int:
    """End all of submission `number`."""
    submission = submissions.load(bench.seat.files, JUGDIR, number)
    cancel_all(bench.seat.files, submission, _scheduler(bench, submission), bench.seat.run)
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


def _hand_over(bench: Bench, submission: Submission, rounds: int, left: int) -> None:
    seat = bench.seat
    if submissions.is_cancelled(seat.files, submission):
        return
    before = submissions.accepted(seat.files, submission)
    scheduler = _scheduler(bench, submission)
    followers = _followers(submission, rounds - 1, f"--left={left}")
    size = min(left, submission.workload.size)
    try:
        submit_more(bench.desk(scheduler), submission, size, followers)
    except JugError as error:
        seat.say(f"they were refused: {error}")
        return
    reduces = [job.id for job in before if job.role is Role.REDUCE][-1:]
    for words in cancel_jobs(scheduler, seat.run, reduces):
        seat.say(words)


def _hope(bench: Bench, submission: Submission) -> bool:
    """Return whether the scheduler may still start a worker."""
    files, run = bench.seat.files, partial(bench.seat.run, timeout=PATIENCE)
    jobs = submissions.accepted(files, submission)
    cancelled = submissions.is_cancelled(files, submission)
    try:
        found = poll(jobs, _scheduler(bench, submission), run)
    except JugError:
        return not cancelled
    return not cancelled and any(one.state in _WAITING for one in found.elements.values())


def _told(jobs: Sequence[Accepted], scheduler: Scheduler, run: Callable[[Sequence[str]], object]) -> Iterator[Told]:
    if not jobs:
        return
    ids = [job.id for job in jobs]
    found = scheduler.parse_poll(run(scheduler.poll_command(ids)), ids)  # type: ignore[arg-type]  # a Run
    for job in jobs:
        for index in range(job.size):
            one = found.get(ElementId(job.id, index), found.get(ElementId(job.id, EVERY)))
            if one is not None:
                yield Told(job, index, one)


def _drafted(bench: Bench, limits: Limits) -> Submission:
    order = bench.order
    drafted = submissions.draft(
        bench.seat.files,
        bench.seat.clock,
        JUGDIR,
        scheduler=bench.system,
        workload=Workload(("python", "-m", "jughpc", "execute"), order.size, "primes"),
        options=Options(JUGDIR.parent, Resources(walltime=order.walltime), order.throttle),
        limits=limits,
        meta={"reduce": "reduce.py" if order.reduce else ""},
    )
    return replace(drafted, token=f"{bench.rng.getrandbits(32):08x}", user="ada", host="login01")


def _followers(submission: Submission, rounds: int, *more: str) -> list[Follower]:
    options = (f"--submission={submission.number}", f"--rounds={rounds}", *more)
    followers = [Follower(Role.COLLECT, ("python", "-m", "jughpc", "collect", *options), submission.options.resources)]
    if submission.meta.get("reduce"):
        followers.append(Follower(Role.REDUCE, ("python", "-m", "jughpc", "reduce"), submission.options.resources))
    return followers


def _scheduler(bench: Bench, submission: Submission) -> Scheduler:
    return bench.find(submission.scheduler, submission.limits)
