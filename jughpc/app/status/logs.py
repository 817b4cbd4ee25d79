"""What elements, collectors and reduces put out: which logs there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jughpc.app.context.site import Site
from jughpc.batch import journal, registry, submissions
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Submission
from jughpc.fs import Files
from jughpc.store.base import Failure


@dataclass(frozen=True)
class Log:
    """The log of an element, or of the collectors or reduces of a submission.

    Attributes:
        submission: Its number.
        element: Its number within the submission; -1 of collectors and reduces.
    """

    submission: int
    role: Role
    element: int
    path: Path


def logs_in(files: Files, submission: Submission) -> list[Log]:
    """Return the logs that a submission has by now, those of its elements first."""
    there = set(files.names(f"{submission.path}/logs"))
    return [log for log in _logs(files, submission) if log.path.name in there]


def of_failures(site: Site, failures: Sequence[Failure]) -> dict[bytes, Path]:
    """Return which log each failure is told in, by digest; who ran by hand has none."""
    tokens, files = {failure.submission for failure in failures} - {""}, site.files
    if files is None or not tokens:
        return {}
    every = [one for one in submissions.every(files, site.location.folder()) if one.token in tokens]
    paths = {(one.token, log.element): log.path for one in every for log in logs_in(files, one)}
    places = {failure.digest: (failure.submission, failure.element) for failure in failures}
    return {digest: paths[place] for digest, place in places.items() if place in paths}


def _logs(files: Files, submission: Submission) -> Iterator[Log]:
    jobs = journal.accepted(files, submission)
    indices = registry.scheduler(submission.scheduler).capabilities.indices
    for element, path in journal.logs_of(submission, jobs, indices):
        yield Log(submission.number, Role.ARRAY, element, path)
    for role, job in {job.role: job for job in jobs if job.role is not Role.ARRAY}.items():
        yield Log(submission.number, role, -1, journal.log_of(submission, job))
