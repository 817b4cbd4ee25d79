"""The jobs of a submission once they are queued: how they stand, and how they are ended."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jughpc.batch import submissions
from jughpc.batch.scheduler import EVERY, ElementId, JobId, Reply, Role, Run, Scheduler, Status, Verdict
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import SchedulerError
from jughpc.fs import Files


@dataclass(frozen=True)
class Poll:
    """The scheduler's word on a submission. What is absent is not known to it: neither dead nor done.

    Attributes:
        elements: Of the arrays, by the element's number within the submission.
        followers: Of the latest collector and reduce.
        owners: Of all of them, by the owner string that is in a worker's record.
    """

    elements: Mapping[int, Status] = field(default_factory=dict)
    followers: Mapping[Role, Status] = field(default_factory=dict)
    owners: Mapping[str, Status] = field(default_factory=dict)


def poll(jobs: Sequence[Accepted], scheduler: Scheduler, run: Run) -> Poll:
    """Return how `jobs` stand, by one command.

    Raises:
        SchedulerError: The scheduler did not answer.
    """
    if not jobs:
        return Poll()
    ids = [job.id for job in jobs]
    rows = list(_rows(jobs, scheduler.parse_poll(run(scheduler.poll_command(ids)), ids)))
    latest = {job.role: job.id for job in jobs if job.role is not Role.ARRAY}
    return Poll(
        elements={job.offset + index: status for job, index, status in rows if job.role is Role.ARRAY},
        followers={job.role: status for job, _, status in rows if job.id in latest.values()},
        owners={scheduler.owner(ElementId(job.id, index)): status for job, index, status in rows},
    )


def cancel(files: Files, submission: Submission, scheduler: Scheduler, run: Run) -> list[Accepted]:
    """End all jobs of `submission` and return them.

    What follows the arrays goes first: it would start when they end.

    Raises:
        SchedulerError: Some could not be cancelled, as its text says.
    """
    submissions.mark_cancelled(files, submission)
    done: list[Accepted] = []
    while jobs := [job for job in reversed(submissions.accepted(files, submission)) if job not in done]:
        if failures := cancel_jobs(scheduler, run, [job.id for job in jobs]):
            raise SchedulerError("\n".join(failures))
        done += jobs  # and once more: a collector may just have queued another array
    return done


def cancel_jobs(scheduler: Scheduler, run: Run, ids: Sequence[JobId]) -> list[str]:
    """End the jobs `ids`, in that order, and return what went wrong, a line each; one that is over is fine."""
    replies = (_try(run, command) for command in scheduler.cancel_commands(ids))
    return [
        reply if isinstance(reply, str) else _words(reply)
        for reply in replies
        if isinstance(reply, str) or (reply.code and scheduler.verdict(reply) is not Verdict.GONE)
    ]


def _rows(jobs: Sequence[Accepted], statuses: Mapping[ElementId, Status]) -> Iterator[tuple[Accepted, int, Status]]:
    for job in jobs:
        every = statuses.get(ElementId(job.id, EVERY))
        for index in range(job.size):
            if status := statuses.get(ElementId(job.id, index), every):
                yield job, index, status


def _try(run: Run, command: Sequence[str]) -> Reply | str:
    try:
        return run(command)
    except SchedulerError as error:
        return str(error)


def _words(reply: Reply) -> str:
    return f"{shlex.join(reply.argv)} exited with {reply.code}: {reply.stderr.strip()}"
