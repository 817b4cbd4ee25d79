"""Wait until a submission has ended, just made or of long ago."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from jughpc.app.context import pinned
from jughpc.app.context.site import Site
from jughpc.app.status import followers
from jughpc.app.status.elements import Jobs
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import in_words
from jughpc.app.status.watch import Watch
from jughpc.app.submit.live import as_submitted
from jughpc.backoff import Backoff
from jughpc.batch import journal, submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role, State
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import UsageError
from jughpc.exitcode import ExitCode
from jughpc.units import ranges

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # [s] between two questions to the scheduler
_PATIENCE = 10  # polls in which nobody knows a job


@dataclass(frozen=True)
class Waited:
    """How a submission ended.

    Attributes:
        state: Of its last job, as the scheduler or the job itself says; UNKNOWN if neither does.
        logs: The jobs whose output tells of it, each with its log.
        left: Tasks without result, where the last job may end well with some left.
        goes_on: Whether it has not ended: the time to wait was over.
    """

    state: State
    logs: Sequence[tuple[Accepted, Path]]
    left: int = 0
    goes_on: bool = False

    @property
    def code(self) -> ExitCode:
        """DONE if all went well, TIMEOUT if it goes on, else LEFT."""
        if self.goes_on:
            return ExitCode.TIMEOUT
        return ExitCode.DONE if self.state is State.DONE and not self.left else ExitCode.LEFT


def named(site: Site, word: str = "") -> Submission:
    """Return the submission that a number, a token or the id of one of its jobs means, by default the latest.

    Raises:
        UsageError: There is none.
    """
    files, folder = site.files, site.location.folder()
    every = submissions.every(files, folder) if files is not None else []
    if not every:
        raise UsageError(f"nothing was submitted to {site.location}, so there is nothing to wait for.")
    for one in reversed(every):
        if not word or word in (str(one.number), one.token):
            return one
    for one in reversed(every):
        if files is not None and word in {job.id for job in journal.accepted(files, one)}:
            return one
    known = f"its submissions are {ranges([one.number for one in every])}; `jughpc submissions` lists their jobs"
    raise UsageError(f"{word!r} is no submission of {site.location} and no job of one: {known}.")


def wait_for(
    site: Site, clusters: Clusters, submission: Submission, progress: Callable[[Report], None], patience: float = inf
) -> Waited:
    """Wait until the last job of a submission has ended, for no longer than `patience` [s].

    Args:
        progress: Takes where it stands, whenever that changed.
    """
    target = as_submitted(site, submission)
    if site.files and pinned.is_there(site.files, target):
        site = replace(site, target=target)
    last = Role.REDUCE if followers.reduce_of(submission) else Role.COLLECT
    state, now = _wait(site, clusters, submission.number, last, progress, site.clock.now() + patience)
    jobs, before = now.jobs, Role.COLLECT if last is Role.REDUCE else Role.ARRAY
    if state is State.RUNNING:
        return Waited(state, [], now.standing.unfinished, goes_on=True)
    left = now.standing.unfinished if submission.meta.get("reduce_on") == "any" else 0
    roles = (last,) if state is State.DONE and not left else (before, last)
    latest = [job for role in roles if jobs and (job := followers.latest(jobs, role))]
    unrun = jobs.taken_back if jobs and state is not State.DONE else ()
    telling = [job for job in latest if job.name not in unrun]
    return Waited(state, [(job, journal.log_of(submission, job)) for job in telling], left)


def _wait(
    site: Site, clusters: Clusters, number: int, last: Role, progress: Callable[[Report], None], end: float
) -> tuple[State, Report]:
    """Return how it ended, and how all stood by then: a collector may have handed on to other jobs."""
    backoff, told, absent = Backoff(FIRST_PAUSE, LONGEST_PAUSE, growth=1.2), "", 0
    watch = Watch(site, clusters)
    while True:
        now = watch.report(number)
        state = _state(now.jobs, last)
        absent = absent + 1 if state is None else 0
        if state is not None and (state.ended or state is State.STUCK):
            return state, now
        if absent > _PATIENCE and not (now.jobs and now.jobs.trouble):
            return State.UNKNOWN, now
        if (left := end - site.clock.now()) <= 0:
            return State.RUNNING, now
        if (words := in_words(now.standing)) != told:
            progress(now)
            told = words
            backoff.reset()
        site.clock.sleep(min(backoff.next(), left))


def _state(jobs: Jobs | None, last: Role) -> State | None:
    if jobs is None:
        return None
    if last is Role.REDUCE and followers.is_to_come(jobs):
        return State.QUEUED
    status = jobs.poll.dependents.get(last)
    return status.state if status else None
