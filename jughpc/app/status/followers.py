"""What follows an array: how it ended, and that no reduce waits for what can never be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jughpc.app.status.elements import Jobs
from jughpc.batch import ends, journal, settling, submissions
from jughpc.batch.causes import Cause
from jughpc.batch.scheduler import Role, State, Status
from jughpc.batch.submissions import Accepted, Submission
from jughpc.fs import Files

REDUCED = "reduced"
"""In a submission's folder: its reduce ended well, in its job or by hand."""

_TO_COME = "the collector queues it once all tasks are done"
_SIZES = re.compile(r"--(time|mem)\b")  # options for elements, of which followers have their own
_BADLY = (State.FAILED, State.CANCELLED)


def latest(jobs: Jobs, role: Role) -> Accepted | None:
    """Return the last job of that role, None if there is none; one that was withdrawn only if all of them were."""
    found = [job for job in jobs.accepted if job.role is role]
    staying = [job for job in found if job.name not in jobs.taken_back]
    return next(reversed(staying or found), None)


def troubles(jobs: Jobs, files: Files) -> dict[Role, Status]:
    """Return the followers that did not end well, or never will; none of what was cancelled as a whole.

    One that the scheduler has forgotten, and that did not record how it ended, did not end well as far as is known; nor
    did a reduce that was never queued, or of which the scheduler did not tell.
    """
    if jobs.cancelled:
        return {}
    told = {**_missing(jobs), **_forgotten(jobs), **jobs.poll.dependents}
    bad = {role: status for role, status in told.items() if _is_bad(status)}
    if is_reduced(files, jobs.submission):
        bad.pop(Role.REDUCE, None)
        bad.pop(Role.COLLECT, None)
    return bad


def mark_reduced(files: Files, submission: Submission) -> None:
    """Record that the submission's reduce ended well."""
    files.save(f"{submission.path}/{REDUCED}", [])


def unmark_reduced(files: Files, jugdir: Path) -> None:
    """Record that what was reduced is not what there will be: results are gone, and may be others next time."""
    for submission in submissions.every(files, jugdir):
        if is_reduced(files, submission):
            files.remove(f"{submission.path}/{REDUCED}")


def is_reduced(files: Files, submission: Submission) -> bool:
    """Return whether the submission's reduce ended well, by its own word."""
    return REDUCED in files.names(submission.path)


def reduce_of(submission: Submission) -> Path | None:
    """Return the reduce script of a submission, None if it has none."""
    return Path(script) if (script := submission.meta.get("reduce")) else None


def is_to_come(jobs: Jobs) -> bool:
    """Return whether the collector, which goes on, queues the reduce once all is done: the one before was withdrawn."""
    reduce, collector = latest(jobs, Role.REDUCE), jobs.poll.dependents.get(Role.COLLECT)
    goes_on = collector is not None and not collector.state.ended
    return goes_on and not jobs.cancelled and reduce is not None and reduce.name in jobs.taken_back


def never_starting(jobs: Jobs) -> list[Accepted]:
    """Return the reduce whose collector did not end well, if it has not ended itself."""
    reduce, job = jobs.poll.dependents.get(Role.REDUCE), latest(jobs, Role.REDUCE)
    if reduce is None or job is None or reduce.state.ended or reduce.state is State.RUNNING:
        return []
    collector = jobs.poll.dependents.get(Role.COLLECT)
    stuck = reduce.state is State.STUCK and collector is not None and collector.state is State.ENDED
    return [job] if _is_lost(collector) or stuck else []


def never_started(jobs: Jobs) -> list[Accepted]:
    """Return the reduce that ended unrun by itself, for its collector did not end well: some systems see to that."""
    reduce, job = jobs.poll.dependents.get(Role.REDUCE), latest(jobs, Role.REDUCE)
    if reduce is None or job is None or reduce.state is not State.CANCELLED:
        return []
    never = reduce.why is not None and reduce.why.cause is Cause.NEVER
    return [job] if never or _is_lost(jobs.poll.dependents.get(Role.COLLECT)) else []


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
    """Withdraw the reduce that can never start, if there is one; return what went wrong.

    One that its system ended itself is on record as withdrawn from then on.
    """
    if jobs.trouble or jobs.cancelled or jobs.cluster.owner:
        return ""
    if stems := [journal.stem_of(job) for job in never_started(jobs)]:
        journal.withdraw(files, jobs.submission, stems)
        journal.mark_gone(files, jobs.submission, stems)
    if submissions.is_over(files, jobs.submission):
        return ""
    return withdraw(jobs, files, never_starting(jobs))


@dataclass(frozen=True)
class Told:
    """How a follower stands, for people.

    Attributes:
        job: None if it was never queued.
        words: Why, "" if there is nothing to explain.
        advice: What to do about it, "" if nothing is to be done.
        withdrawn: Whether it never ran, for the collector did not end well.
        failed: Whether it did not end well, or never will.
    """

    job: Accepted | None
    status: Status
    words: str
    advice: str
    withdrawn: bool = False
    failed: bool = False


def told(jobs: Jobs, files: Files) -> dict[Role, Told]:
    """Return how the latest collector and reduce stand, with the next step."""
    bad, gone = troubles(jobs, files), withdrawn(files, jobs.submission)
    statuses = {**bad, **jobs.poll.dependents}
    if is_to_come(jobs) and Role.REDUCE in statuses:
        gone = set()
        statuses[Role.REDUCE] = Status(State.QUEUED, _TO_COME)
    found = ((role, latest(jobs, role), statuses.get(role)) for role in (Role.COLLECT, Role.REDUCE))
    fate = "all was reduced already" if is_reduced(files, jobs.submission) else f"the collector {_fate(jobs, files)}"
    return {
        role: _told(jobs, job, status, fate if job and journal.stem_of(job) in gone else "", failed=role in bad)
        for role, job, status in found
        if status
    }


def _told(jobs: Jobs, job: Accepted | None, status: Status, lost: str, *, failed: bool) -> Told:
    """Return how a follower stands.

    Args:
        lost: Why it was withdrawn, "" if it was not.
    """
    words, advice = (status.why.words, status.why.advice) if status.why else (status.reason, "")
    if lost:
        words, advice = f"withdrawn, for {lost}", ""
    elif failed and job:
        advice = _SIZES.sub(rf"--{job.role.value}-\1", advice)
        step = _next_step(jobs, status) if job.role is Role.COLLECT else ""
        advice = ", ".join(filter(None, [advice, step]))
    return Told(job, status, words, advice, bool(lost), failed)


def _next_step(jobs: Jobs, collector: Status) -> str:
    """Return how to go on after a collector that did not end well."""
    goes_on = any(not status.state.ended for status in jobs.poll.elements.values())
    step = "`jughpc submit --more N` adds elements and another collector" if goes_on else "`jughpc resubmit` goes on"
    if collector.state is State.STUCK:
        return "then `jughpc cancel`, and submit anew with other options"
    if collector.why and collector.why.cause is Cause.SETUP:
        return f"mend that, then {step}; or submit anew with other options"
    return step


def _fate(jobs: Jobs, files: Files) -> str:
    """Return in words how the collector ended: one that was not killed says so itself."""
    job, status = latest(jobs, Role.COLLECT), jobs.poll.dependents.get(Role.COLLECT)
    if status and status.state is State.CANCELLED:
        return "was cancelled"
    if status and status.why:
        return status.why.words
    own = job and ends.told(files, jobs.submission, journal.stem_of(job))
    return "did not end well" if own else "was killed"


def _forgotten(jobs: Jobs) -> dict[Role, Status]:
    """Return the followers of which neither the scheduler nor a record knows anything, if there is a reduce."""
    if jobs.trouble or jobs.open or latest(jobs, Role.REDUCE) is None:
        return {}
    words = "the scheduler knows nothing of it, and it left no word: it was killed most likely"
    return {role: Status(State.ENDED, words) for role in (Role.COLLECT, Role.REDUCE) if latest(jobs, role)}


def _missing(jobs: Jobs) -> dict[Role, Status]:
    """Return the reduce, if there should be one, as what is known where nobody tells of it."""
    if reduce_of(jobs.submission) is None:
        return {}
    if jobs.trouble:
        return {Role.REDUCE: Status(State.UNKNOWN, "the scheduler did not answer")}
    return {Role.REDUCE: Status(State.UNKNOWN, "it may have been queued" if jobs.open else "it was not queued")}


def _is_lost(collector: Status | None) -> bool:
    return collector is not None and collector.state in _BADLY


def _is_bad(status: Status) -> bool:
    return status.state in (*_BADLY, State.STUCK, State.ENDED, State.UNKNOWN)
