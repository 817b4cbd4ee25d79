"""The use cases that a simulated cluster plays: the batch layer itself, joined as `app` joins it.

`collect` is in miniature what app.collect is: the same questions in the same order, on a board instead of a store.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from jughpc.app.status import followers
from jughpc.app.status.elements import Jobs
from jughpc.app.submit import handover
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.silence import Silence
from jughpc.backoff import Backoff
from jughpc.batch import ends, journal, settling, standing, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.ends import End
from jughpc.batch.plan import DependentJob, plan
from jughpc.batch.scheduler import Job, Limits, Resources, Role, Scheduler, State, Workload
from jughpc.batch.settling import cancel as cancel_all
from jughpc.batch.submissions import Accepted, ElementOptions, Submission
from jughpc.batch.submitter import Submitter
from jughpc.errors import JugError, SchedulerError
from jughpc.testing.cluster.board import Board
from jughpc.testing.cluster.seat import Seat
from jughpc.testing.cluster.told import Told

_FIRST, _LONGEST = 0.5, 30.0  # [s] as app.collect has them
_SIGNALLED = 128  # exit codes above it tell of a signal
_PATIENCE = 540.0  # [s] as app.submit.collect has it
_WAITING = (State.QUEUED, State.RUNNING, State.UNKNOWN)


class SimPath(type(Path())):  # type: ignore[misc]  # PosixPath, whatever this Python calls it
    """A path on the simulated disk, where modes mean nothing and folders need no removal."""

    def stat(self, *, follow_symlinks: bool = True) -> SimpleNamespace:
        """Return what is looked at: the mode of any file."""
        return SimpleNamespace(st_mode=0o100644)

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
    after = _dependents(submission, bench.order.rounds, f"--progress={_progress(bench.board)}")
    return cluster, submission, plan(submission, cluster.scheduler, after)


def status(bench: Bench) -> Sequence[Told]:
    """Return how the latest submission stands by the scheduler's word."""
    seat = bench.seat
    settle(bench)
    submission = submissions.latest(seat.files, JUGDIR)
    if submission:
        followers.withdraw_orphans(_jobs(bench, submission), seat.files)
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
    seat, submission = bench.seat, submissions.load(bench.seat.files, JUGDIR, int(options["submission"]))
    reduces = [job for job in journal.accepted(seat.files, submission) if job.role is Role.REDUCE][-1:]
    try:
        code = _collect(bench, submission, options)
    except (KeyboardInterrupt, JugError):
        _withdraw(bench, submission, reduces)
        raise
    if code:
        _withdraw(bench, submission, reduces)
    return code


def _collect(bench: Bench, submission: Submission, options: Mapping[str, str]) -> int:
    seat, board = bench.seat, bench.board
    before = Progress.read(options["progress"])
    pauses, silence = Backoff(_FIRST, _LONGEST, 1.5), Silence(seat.clock)
    while True:
        jobs = _jobs(bench, submission)
        silence.heard((len(board.done), len(board.failed), len(board.living())))
        if board.all_done:
            return 0
        if not board.living() and not _hope(jobs, is_silent=silence.lasts() > _PATIENCE):
            break
        seat.clock.sleep(pauses.next())
    if board.ready() and not jobs.trouble:
        now = _progress(board)
        rounds = handover.rounds_left(jobs, int(options["rounds"]), before, now)
        size = handover.latest_size(jobs) - len(handover.ended_by_hand(jobs))
        if rounds is not None and size > 0:
            _hand_over(bench, submission, rounds, min(size, len(board.tasks) - len(board.done)), now)
    return 3


def _progress(board: Board) -> Progress:
    return Progress(len(board.done) + len(board.failed), board.killed)


def _withdraw(bench: Bench, submission: Submission, reduces: Sequence[Accepted]) -> None:
    with suppress(JugError):
        if not submissions.is_cancelled(bench.seat.files, submission):
            settling.withdraw(bench.recorded(submission), bench.seat.files, submission, reduces)


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


def _hand_over(bench: Bench, submission: Submission, rounds: int, size: int, now: Progress) -> None:
    seat = bench.seat
    if submissions.is_cancelled(seat.files, submission):
        return
    cluster = bench.recorded(submission)
    dependents = _dependents(submission, rounds, f"--progress={now}")
    try:
        bench.submitter(cluster).submit_more(submission, size, dependents)
    except JugError as error:
        seat.say(f"they were refused: {error}")


def _jobs(bench: Bench, submission: Submission) -> Jobs:
    """Return a submission with the scheduler's word on it, as app.status has it."""
    files, cluster = bench.seat.files, bench.recorded(submission)
    settling.settle_all(files, JUGDIR, bench.recorded)
    cancelled = submissions.is_cancelled(files, submission)
    jobs = Jobs(submission, cluster, journal.accepted(files, submission), cancelled=cancelled)
    try:
        return replace(jobs, poll=standing.stand(cluster, files, submission, jobs.accepted))
    except JugError as error:
        return replace(jobs, trouble=str(error))


def _hope(jobs: Jobs, *, is_silent: bool) -> bool:
    """Return whether the scheduler may still start a worker."""
    if jobs.cancelled:
        return False
    if jobs.trouble:
        return not is_silent
    return any(one.state in _WAITING[: 2 if is_silent else 3] for one in jobs.poll.elements.values())


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
        meta={"reduce": "reduce.py" if order.reduce else "", "rounds": str(order.rounds)},
    )
    return replace(drafted, token=f"{bench.rng.getrandbits(32):08x}", user="ada", host="login01")


def _dependents(submission: Submission, rounds: int, *more: str) -> list[DependentJob]:
    options = (f"--submission={submission.number}", f"--rounds={rounds}", *more)
    argv, resources = ("python", "-m", "jughpc"), submission.options.resources
    dependents = [DependentJob(Role.COLLECT, (*argv, "collect", *options), resources)]
    if submission.meta.get("reduce"):
        dependents.append(DependentJob(Role.REDUCE, (*argv, "reduce", options[0]), resources))
    return dependents
