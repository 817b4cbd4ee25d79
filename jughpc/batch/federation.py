"""The jobs of one submission on several systems: each is asked after, and ended, by its own.

A submission's collector and reduce, and its first arrays, are on its own system; elements may be added on others that
see the same folder. A system that cannot be asked where we are is no news of its jobs: these are neither dead nor done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from jughpc.batch.cluster import Cluster
from jughpc.batch.poll import Key
from jughpc.batch.scheduler import Status
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import SchedulerError

Wrong = Mapping[str, Sequence[str]]
"""What went wrong, a line each, by the system's name; nothing is there of one where nothing did."""


def is_elsewhere(submission: Submission, job: Accepted) -> bool:
    """Return whether a job was given to another system than its submission."""
    return job.scheduler not in ("", submission.scheduler)


def by_system(cluster: Cluster, jobs: Sequence[Accepted]) -> dict[str, list[Accepted]]:
    """Return `jobs` by the names of their systems, each in the order given."""
    found: dict[str, list[Accepted]] = {}
    for job in jobs:
        found.setdefault(job.scheduler or cluster.name, []).append(job)
    return found


def statuses(cluster: Cluster, jobs: Sequence[Accepted]) -> tuple[dict[Key, Status], dict[str, str]]:
    """Return how `jobs` stand, as `Cluster.statuses`, and why other systems did not answer, by name.

    Raises:
        SchedulerError: The submission's own system did not answer.
    """
    found: dict[Key, Status] = {}
    silent: dict[str, str] = {}
    for name, some in by_system(cluster, jobs).items():
        try:
            found |= cluster.beside(name).statuses(some)
        except SchedulerError as error:  # noqa: PERF203  # the others may answer
            if name == cluster.name:
                raise
            silent[name] = str(error)
    return found, silent


def past(cluster: Cluster, jobs: Sequence[Accepted]) -> dict[Key, Status]:
    """Return how elements of `jobs` ended, as `Cluster.past`; of systems without accounting, or a silent one, none."""
    found: dict[Key, Status] = {}
    for name, some in by_system(cluster, jobs).items():
        with suppress(SchedulerError):
            found |= cluster.beside(name).past(some)
    return found


def cancel(cluster: Cluster, jobs: Sequence[Accepted]) -> Wrong:
    """End `jobs`, those of a system in the order given, as `Cluster.cancel`."""
    told = {name: _cancelled(cluster, name, some) for name, some in by_system(cluster, jobs).items()}
    return {name: words for name, words in told.items() if words}


def withdraw(cluster: Cluster, jobs: Sequence[Accepted]) -> list[str]:
    """Take those elements of `jobs` that wait out of the queue, as `Cluster.withdraw`; return what went wrong."""
    wrong: list[str] = []
    for name, some in by_system(cluster, jobs).items():
        try:
            wrong += cluster.beside(name).withdraw(some)
        except SchedulerError as error:  # noqa: PERF203  # the others may answer
            wrong.append(str(error))
    return wrong


def revive(cluster: Cluster, jobs: Sequence[Accepted]) -> None:
    """Have those of `jobs` go on that nobody supervises any more. Raises SchedulerError."""
    for name, some in by_system(cluster, jobs).items():
        cluster.beside(name).revive(some)


def _cancelled(cluster: Cluster, name: str, jobs: Sequence[Accepted]) -> list[str]:
    try:
        return cluster.beside(name).cancel(jobs)
    except SchedulerError as error:
        return [str(error)]
