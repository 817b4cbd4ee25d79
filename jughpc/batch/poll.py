"""The scheduler's word on the jobs of a submission, in the submission's own terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from jughpc.batch.scheduler import Role, Status
from jughpc.batch.submissions import Accepted

Key = tuple[str, int]
"""An element: the name of its job, and its place in it, from 0 on."""


@dataclass(frozen=True)
class Poll:
    """The scheduler's word on a submission. What is absent is not known to it: neither dead nor done.

    Attributes:
        elements: Of the arrays, by the element's number within the submission.
        dependents: Of the latest collector and reduce.
        silent: Why systems that elements were added on could not be asked, by name.
        unheard: The elements there of which nothing is on record, by number.
    """

    elements: Mapping[int, Status] = field(default_factory=dict)
    dependents: Mapping[Role, Status] = field(default_factory=dict)
    silent: Mapping[str, str] = field(default_factory=dict)
    unheard: Set[int] = frozenset()


def view(jobs: Sequence[Accepted], statuses: Mapping[Key, Status]) -> Poll:
    """Return `statuses` of the elements of `jobs` in the submission's own terms."""
    latest: dict[Role, str] = {job.role: job.name for job in jobs if job.role is not Role.ARRAY}
    rows = list(_rows(jobs, statuses))
    return Poll(
        elements={job.offset + place: status for job, place, status in rows if job.role is Role.ARRAY},
        dependents={job.role: status for job, _, status in rows if job.name == latest.get(job.role)},
    )


def _rows(jobs: Sequence[Accepted], statuses: Mapping[Key, Status]) -> Iterator[tuple[Accepted, int, Status]]:
    for job in jobs:
        for place in range(job.size):
            if status := statuses.get((job.name, place)):
                yield job, place, status
