"""Wait until a submission has ended, and show what it put out."""

from __future__ import annotations

from collections.abc import Callable

from jughpc.app.context.target import Target
from jughpc.app.status.elements import Jobs
from jughpc.app.status.report import report
from jughpc.app.status.tasks import in_words
from jughpc.app.submit.submit import Submitted
from jughpc.backoff import Backoff
from jughpc.batch import journal
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import State
from jughpc.batch.submissions import Accepted
from jughpc.exitcode import ExitCode
from jughpc.fs import Clock

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0  # [s] between two questions to the scheduler
_PATIENCE = 10  # polls in which the scheduler does not know a job, before the store must tell


def wait_for(
    target: Target,
    clusters: Clusters,
    done: Submitted,
    clock: Clock,
    tell: Callable[[str], None],
    progress: Callable[[str], None],
) -> ExitCode:
    """Wait until the last job of a submission has ended; print its log; return DONE if all went well, else LEFT.

    Args:
        tell: Takes what is to stay.
        progress: Takes a line on where it stands, whenever that changed.
    """
    last = done.accepted[-1]
    state = _wait(target, clusters, done.submission.number, last, clock, progress)
    for job in done.accepted[-2:]:
        if job.role is last.role or state is not State.DONE:
            _show_log(done, job, tell)
    return ExitCode.DONE if state is State.DONE else ExitCode.LEFT


def _wait(
    target: Target, clusters: Clusters, number: int, last: Accepted, clock: Clock, progress: Callable[[str], None]
) -> State:
    backoff, told, absent = Backoff(FIRST_PAUSE, LONGEST_PAUSE, growth=1.2), "", 0
    while True:
        now = report(target, clusters, number)
        state = _state(now.jobs, last)
        absent = absent + 1 if state is None else 0
        if state is not None and (state.ended or state is State.STUCK):
            return state
        if absent > _PATIENCE and not (now.jobs and now.jobs.trouble):
            return State.UNKNOWN if now.standing.unfinished else State.DONE
        if (words := in_words(now.standing)) != told:
            progress(words)
            told = words
            backoff.reset()
        clock.sleep(backoff.next())


def _state(jobs: Jobs | None, last: Accepted) -> State | None:
    status = jobs.poll.dependents.get(last.role) if jobs else None
    return status.state if status else None


def _show_log(done: Submitted, job: Accepted, tell: Callable[[str], None]) -> None:
    path = journal.log_of(done.submission, job)
    text = path.read_text(errors="replace").rstrip() if path.is_file() else "(it wrote nothing)"
    tell(f"\n{job.role.value} ({job.id}), {path}:\n{text}")
