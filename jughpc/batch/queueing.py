"""How one job is queued: asked for again while its system is silent or full, and never twice."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Protocol

from jughpc.backoff import Backoff
from jughpc.batch.scheduler import Job, JobId, Refusal, Reply, Run, Scheduler
from jughpc.errors import CommandTimeoutError, CommandUnstartedError, FullError, JugError, SchedulerError, SubmitError
from jughpc.fs import Clock

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # [s]

Tell = Callable[[str], None]
"""Takes a line for the user."""


class Cluster(Protocol):
    """What is needed of a batch system as it answers here; see cluster.py."""

    @property
    def scheduler(self) -> Scheduler: ...
    @property
    def order(self) -> Run: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def patience(self) -> float: ...
    @property
    def until(self) -> float | None: ...
    @property
    def waits_for_room(self) -> bool: ...
    def find(self, name: str) -> list[JobId]: ...


def queue(cluster: Cluster, job: Job, tell: Tell, known: Callable[[], JobId | None] = lambda: None) -> JobId:
    """Do what `Cluster.queue` says."""
    pauses = _pauses(cluster)
    answer = _submit(cluster, job)
    while isinstance(answer, JugError):
        now = "Waiting for jobs to end" if _is_full(cluster, answer) else f"Looking whether {job.name} was queued"
        tell(f"{answer}\n{now}, then trying again; ^C ends that ...")
        answer = _after_doubt(cluster, job, pauses, answer) or known() or _submit(cluster, job)
    return answer


def settle(cluster: Cluster, name: str, patience: float | None = None) -> JobId | None:
    """Do what `Cluster.settle` says."""
    doubt = SchedulerError(f"whether {name} was queued could not be found out")
    return _settled(cluster, name, _pauses(cluster, patience), doubt)


def _after_doubt(cluster: Cluster, job: Job, pauses: Iterator[float], answer: JugError) -> JobId | None:
    """Return the id of `job` if it is found. Raises FullError where there is no doubt, but no time is left."""
    try:
        return _settled(cluster, job.name, pauses, answer)
    except SchedulerError:
        if isinstance(answer, SubmitError) and _is_full(cluster, answer):
            raise FullError(answer.argv, answer.code, answer.stderr) from answer
        raise


def _submit(cluster: Cluster, job: Job) -> JobId | JugError:
    """Submit `job` and return its id, or the error for which it is to be looked for, and submitted again."""
    try:
        return cluster.scheduler.parse_submit(cluster.order(cluster.scheduler.submit_command(job)))
    except (CommandTimeoutError, CommandUnstartedError) as error:
        return error
    except SubmitError as error:
        if _refused(cluster, error):
            raise
        if _is_full(cluster, error) and not cluster.waits_for_room:
            raise FullError(error.argv, error.code, error.stderr) from error
        return error


def _refused(cluster: Cluster, error: SubmitError) -> bool:
    """Return whether nothing was queued for certain and asking again is of no use."""
    return error.code != 0 and _meaning(cluster, error) not in (Refusal.RETRY, Refusal.FULL)


def _is_full(cluster: Cluster, error: JugError) -> bool:
    return isinstance(error, SubmitError) and error.code != 0 and _meaning(cluster, error) is Refusal.FULL


def _meaning(cluster: Cluster, error: SubmitError) -> Refusal:
    return cluster.scheduler.refusal(Reply(tuple(error.argv), error.code, "", error.stderr))


def _settled(cluster: Cluster, name: str, pauses: Iterator[float], doubt: JugError) -> JobId | None:
    """Return the id of the job called `name`, None if there is none for certain.

    That takes two answers in a row: a controller that had hung answered a look at once, and only then took up
    the submission that had been waiting for it (seen with Slurm 22.05).
    """
    absent = 0
    for _ in pauses:
        try:
            found = cluster.find(name)
        except SchedulerError:
            absent = 0
            continue
        if found or absent:
            return found[0] if found else None
        absent += 1
    raise SchedulerError(
        f"{doubt}\nIt may have been queued all the same, under the name {name}. "
        f"Look for it before you submit again: {shlex.join(cluster.scheduler.find_command(name))}"
    ) from doubt


def _pauses(cluster: Cluster, patience: float | None = None) -> Iterator[float]:
    lasts = cluster.patience if patience is None else patience
    left = lasts if cluster.until is None or patience is not None else cluster.until - cluster.clock.now()
    return Backoff(FIRST_PAUSE, LONGEST_PAUSE).within(cluster.clock, min(lasts, left))
