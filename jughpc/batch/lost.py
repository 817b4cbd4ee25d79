"""Jobs of a submission of which no record is left, for somebody removed them: they are looked for by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import accumulate

from jughpc.batch import journal, submissions
from jughpc.batch.cluster import SECOND_LOOK, Cluster
from jughpc.batch.plan import chunks
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import SchedulerError
from jughpc.fs import Files

LOST = "lost"
"""In a submission's folder: its jobs were on record no more, and some were found again."""

DAMAGE = "The records of its jobs were removed; those that its system still knew by their names are on record again."

_SCRIPT = re.compile(r"(\d{1,9})-(array|collect|reduce)\.sh")


def is_bare(names: Sequence[str]) -> bool:
    """Return whether a submission's files tell of none of its jobs, nor that nothing is left of them."""
    return submissions.RECORD in names and submissions.OVER not in names and not journal.stems(names)


def is_marked(files: Files, submission: Submission) -> bool:
    """Return whether jobs of `submission` were found again that way."""
    return LOST in files.names(submission.path)


def recover(cluster: Cluster, files: Files, submission: Submission) -> str:
    """Record the jobs of a bare submission that its system knows by name; return why that was not possible.

    One of which nothing is found has nothing in the queue. Whoever is just about to queue the first takes that back.
    """
    expected = list(_expected(files.names(submission.path), submission))
    try:
        found = _look(cluster, expected) or _look_again(cluster, expected)
    except SchedulerError as error:
        return str(error)
    if not found:
        submissions.mark_over(files, submission)
    else:
        with suppress(FileExistsError):
            files.write(f"{submission.path}/{LOST}", [])
    for job in found:
        journal.record_accepted(files, submission, job)
    return ""


def _expected(names: Sequence[str], submission: Submission) -> Iterator[Accepted]:
    """Yield the jobs that a submission must have become, without their ids; of further ones what scripts tell."""
    sizes = chunks(submission.workload.size, submission.limits.array_size) if submission.workload.size else []
    offsets = list(accumulate(sizes, initial=0))
    roles = [Role.ARRAY] * len(sizes) + ([Role.COLLECT] if sizes else []) + [Role.REDUCE]
    further = {int(match[1]): Role(match[2]) for match in map(_SCRIPT.fullmatch, names) if match}
    for number, role in {**dict(enumerate(roles)), **further}.items():
        is_first = number < len(sizes)
        size, offset = (sizes[number], offsets[number]) if is_first else (1, offsets[-1] + number)
        script = f"{number}-{role.value}.sh"
        yield Accepted(role, "", submission.job_name(number), size, offset if role is Role.ARRAY else 0, script)


def _look(cluster: Cluster, expected: Sequence[Accepted]) -> list[Accepted]:
    ids = {job: cluster.find(job.name) for job in expected}
    return [replace(job, id=found[0]) for job, found in ids.items() if found]


def _look_again(cluster: Cluster, expected: Sequence[Accepted]) -> list[Accepted]:
    """Look once more: a first answer may be none."""
    cluster.clock.sleep(SECOND_LOOK)
    return _look(cluster, expected)
