"""Wait until a submission has ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jughpc.app.context.site import Site
from jughpc.app.status import followers
from jughpc.app.status.elements import Jobs
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import in_words
from jughpc.app.status.watch import Watch
from jughpc.app.submit.live import as_submitted
from jughpc.app.submit.submit import Submitted
from jughpc.backoff import Backoff
from jughpc.batch import journal
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role, State
from jughpc.batch.submissions import Accepted
from jughpc.exitcode import ExitCode

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # [s] between two questions to the scheduler
_PATIENCE = 10  # polls in which nobody knows a job


@dataclass(frozen=True)
class Waited:
    """How a submission ended.

    Attributes:
        state: Of its last job, as the scheduler or the job itself says; UNKNOWN if neither does.
        logs: The jobs whose output tells of it, each with its log.
        left: Tasks without result, where the last job may end well with some left.
    """

    state: State
    logs: Sequence[tuple[Accepted, Path]]
    left: int = 0

    @property
    def code(self) -> ExitCode:
        """DONE if all went well, else LEFT."""
        return ExitCode.DONE if self.state is State.DONE and not self.left else ExitCode.LEFT


def wait_for(site: Site, clusters: Clusters, done: Submitted, progress: Callable[[Report], None]) -> Waited:
    """Wait until the last job of a submission has ended.

    Args:
        progress: Takes where it stands, whenever that changed.
    """
    last = done.accepted[-1]
    site = replace(site, target=as_submitted(site, done.submission))
    state, now = _wait(site, clusters, done.submission.number, last, progress)
    jobs = now.jobs
    left = now.standing.unfinished if done.submission.meta.get("reduce_on") == "any" else 0
    latest = [job if jobs is None else followers.latest(jobs, job.role) or job for job in done.accepted[-2:]]
    unrun = jobs.taken_back if jobs else ()
    telling = latest[-1:] if state is State.DONE else [job for job in latest if job.name not in unrun]
    return Waited(state, [(job, journal.log_of(done.submission, job)) for job in telling], left)


def _wait(
    site: Site, clusters: Clusters, number: int, last: Accepted, progress: Callable[[Report], None]
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
        if (words := in_words(now.standing)) != told:
            progress(now)
            told = words
            backoff.reset()
        site.clock.sleep(backoff.next())


def _state(jobs: Jobs | None, last: Accepted) -> State | None:
    if jobs is None:
        return None
    if last.role is Role.REDUCE and followers.is_to_come(jobs):
        return State.QUEUED
    status = jobs.poll.dependents.get(last.role)
    return status.state if status else None
