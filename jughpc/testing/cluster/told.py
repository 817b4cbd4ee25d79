"""What a status says, as far as the referee checks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jughpc.app.status import followers
from jughpc.app.status.report import Report
from jughpc.batch.scheduler import Role, Status
from jughpc.batch.submissions import Accepted


@dataclass(frozen=True)
class Told:
    """What is said of one element of a job.

    Attributes:
        index: The scheduler's own.
    """

    job: Accepted
    index: int
    status: Status


def told_of(report: Report) -> Iterator[Told]:
    """Yield all that a report says of jobs and elements."""
    if (jobs := report.jobs) is None:
        return
    for number, status in jobs.poll.elements.items():
        for job in jobs.accepted:
            if job.role is Role.ARRAY and 0 <= number - job.offset < job.size:
                yield Told(job, number - job.offset, status)
    for role, status in jobs.poll.dependents.items():
        if follower := followers.latest(jobs, role):
            yield Told(follower, 0, status)
