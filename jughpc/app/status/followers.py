"""What follows an array: how it ended, and that no reduce waits for what can never be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jughpc.app.status.elements import Jobs
from jughpc.batch import journal, settling, submissions
from jughpc.batch.scheduler import Role, State, Status
from jughpc.batch.submissions import Accepted, Submission
from jughpc.fs import Files

REDUCED = "reduced"
"""In a submission's folder: its reduce ended well, in its job or by hand."""

_BADLY = (State.FAILED, State.CANCELLED)


def latest(jobs: Jobs, role: Role) -> Accepted | None:
    """Return the last job of that role, None if there is none."""
    return next((job for job in reversed(jobs.accepted) if job.role is role), None)


def troubles(jobs: Jobs, files: Files) -> dict[Role, Status]:
    """Return the followers that did not end well, or never will; none of what was cancelled as a whole.

    A reduce of which nobody knows how it ended, or that was never queued, is among them: it is UNKNOWN.
    """
    if jobs.cancelled:
        return {}
    bad = {role: status for role, status in jobs.poll.dependents.items() if _is_bad(status)}
    if is_reduced(files, jobs.submission):
        bad.pop(Role.REDUCE, None)
        bad.pop(Role.COLLECT, None)
    elif reduce_of(jobs.submission) is not None and Role.REDUCE not in jobs.poll.dependents:
        bad[Role.REDUCE] = Status(State.UNKNOWN, _why_unknown(jobs))
    return bad


def _why_unknown(jobs: Jobs) -> str:
    """Return why neither a scheduler nor any record tells of the reduce that there should be."""
    if jobs.trouble:
        return "the scheduler did not answer"
    if latest(jobs, Role.REDUCE):
        return "nobody knows how it ended"
    return "it may have been queued" if jobs.open else "it was not queued"


def mark_reduced(files: Files, submission: Submission) -> None:
    """Record that the submission's reduce ended well."""
    files.save(f"{submission.path}/{REDUCED}", [])


def is_reduced(files: Files, submission: Submission) -> bool:
    """Return whether the submission's reduce ended well, by its own word."""
    return REDUCED in files.names(submission.path)


def reduce_of(submission: Submission) -> Path | None:
    """Return the reduce script of a submission, None if it has none."""
    return Path(script) if (script := submission.meta.get("reduce")) else None


def never_starting(jobs: Jobs) -> list[Accepted]:
    """Return the reduce whose collector did not end well, if it has not ended itself."""
    collector, reduce = (jobs.poll.dependents.get(role) for role in (Role.COLLECT, Role.REDUCE))
    waits = reduce is not None and not reduce.state.ended and reduce.state is not State.RUNNING
    lost = collector is not None and (
        collector.state in _BADLY or (collector.state is State.ENDED and reduce is not None and _is_stuck(reduce))
    )
    job = latest(jobs, Role.REDUCE)
    return [job] if job and waits and lost else []


def withdraw(jobs: Jobs, files: Files, which: Sequence[Accepted]) -> str:
    """End these jobs, and have it on record that they were withdrawn; return what went wrong, "" if nothing did.

    What could not be done now is done by whoever settles the submission next.
    """
    if not which:
        return ""
    return settling.withdraw(jobs.cluster, files, jobs.submission, which)


def withdrawn(files: Files, submission: Submission) -> set[str]:
    """Return the stems of the jobs that were withdrawn."""
    return {entry.stem for entry in journal.entries(files, submission) if entry.withdrawn}


def withdraw_orphans(jobs: Jobs, files: Files) -> str:
    """Withdraw the reduce that can never start, if there is one; return what went wrong."""
    if jobs.trouble or jobs.cancelled or submissions.is_over(files, jobs.submission):
        return ""
    return withdraw(jobs, files, never_starting(jobs))


def _is_stuck(status: Status) -> bool:
    return status.state is State.STUCK


def _is_bad(status: Status) -> bool:
    return status.state in (*_BADLY, State.STUCK, State.ENDED)
