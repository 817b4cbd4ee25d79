"""What elements, collectors and reduces put out: which logs there are, and which are meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from jughpc import units
from jughpc.app.context.site import Site
from jughpc.batch import journal, registry, submissions
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import UsageError
from jughpc.fs import Files
from jughpc.store.failure import Failure

_CALLED = {Role.COLLECT: "collector", Role.REDUCE: "reduce"}


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

    def __str__(self) -> str:
        return f"element {self.element}" if self.role is Role.ARRAY else _CALLED[self.role]


@dataclass(frozen=True)
class Which:
    """Which logs of a submission are meant, all unless anything is said.

    Attributes:
        elements: Those of these elements, None for all if nothing else is said.
        collect, reduce: That of the collectors, or of the reduces.
    """

    elements: Sequence[range] | None = None
    collect: bool = False
    reduce: bool = False

    @property
    def is_all(self) -> bool:
        """Whether nothing is said."""
        return self.elements is None and not (self.collect or self.reduce)

    def __contains__(self, log: Log) -> bool:
        if log.role is Role.COLLECT:
            return self.is_all or self.collect
        if log.role is Role.REDUCE:
            return self.is_all or self.reduce
        return self.is_all or any(log.element in part for part in self.elements or ())


def submission_of(site: Site, number: int | None) -> tuple[Files, Submission]:
    """Return submission `number`, by default the latest, and the jugdir. Raises UsageError if there is none."""
    files, folder = site.files, site.location.folder() if site.files else None
    found = None
    if files is not None and folder is not None:
        found = submissions.latest(files, folder) if number is None else submissions.load(files, folder, number)
    if files is None or found is None:
        raise UsageError(
            f"nothing of {site.target.jugfile} was submitted, so there are no logs; what `jughpc execute` puts out is "
            "where it was typed."
        )
    return files, found


def chosen(site: Site, number: int | None, which: Which) -> tuple[Submission, list[Log]]:
    """Return a submission and those of its logs that are meant. Raises UsageError if there are none of these."""
    files, submission = submission_of(site, number)
    there = logs_in(files, submission)
    found = [log for log in there if log in which]
    if not found:
        raise UsageError(f"submission {submission.number} has no such log; {_told(there)}")
    return submission, found


def to_follow(site: Site, number: int | None, which: Which) -> Submission:
    """Return a submission of whose logs some that are meant are there, or may come. Raises UsageError."""
    files, submission = submission_of(site, number)
    numbers = set(journal.numbers(journal.accepted(files, submission)))
    if which.elements and not any(numbers.intersection(part) for part in which.elements):
        chosen(site, number, which)
    return submission


def _told(logs: Sequence[Log]) -> str:
    """Say which logs there are."""
    numbers = sorted({log.element for log in logs if log.role is Role.ARRAY})
    told = [f"of elements {units.ranges(numbers)}"] if numbers else []
    told += [f"of its {log}" for log in logs if log.role is not Role.ARRAY]
    return f"there are those {', '.join(told)}." if told else "none of its jobs has put out anything yet."


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


def _indices(submission: Submission, job: Accepted) -> range:
    return registry.scheduler(job.scheduler or submission.scheduler).capabilities.indices(job.size)


def _logs(files: Files, submission: Submission) -> Iterator[Log]:
    jobs = journal.accepted(files, submission)
    for element, path in journal.logs_of(submission, jobs, partial(_indices, submission)):
        yield Log(submission.number, Role.ARRAY, element, path)
    for role, job in {job.role: job for job in jobs if job.role is not Role.ARRAY}.items():
        yield Log(submission.number, role, -1, journal.log_of(submission, job))
