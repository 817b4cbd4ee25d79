"""How a submission is queued: recorded first, never twice, and not by halves."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from jughpc.backoff import Backoff
from jughpc.batch import script, submissions
from jughpc.batch.plan import Follower, Start, plan
from jughpc.batch.polling import cancel_jobs
from jughpc.batch.scheduler import Job, JobId, Reply, Run, Scheduler, Verdict
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import (
    CommandMissingError,
    CommandTimeoutError,
    JugError,
    SchedulerError,
    SubmitError,
    UsageError,
)
from jughpc.fs import Clock, Files

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # [s]


@dataclass(frozen=True)
class Desk:
    """Through what a submission is queued.

    Attributes:
        tell: Takes a line for the user whenever there is something to wait for.
        patience: How long a scheduler that does not answer, or says to try again, is asked for one job [s].
    """

    files: Files
    clock: Clock
    scheduler: Scheduler
    run: Run
    tell: Callable[[str], None]
    patience: float = 300.0


def submit(desk: Desk, submission: Submission, jobs: Sequence[Job]) -> list[Accepted]:
    """Queue the planned `jobs` of a prepared `submission`, all or none of them.

    On an error the jobs queued before it are cancelled, as its text says. A submission of which nothing was
    queued is removed; any other is marked as cancelled.

    Raises:
        UsageError: The scheduler refused, or a script does not render.
        SchedulerError: It did not answer; whether the last job was queued is not known.
    """
    try:
        return _submit_all(desk, submission, jobs)
    except BaseException as error:
        if submissions.accepted(desk.files, submission) or _doubtful(error):
            submissions.mark_cancelled(desk.files, submission)
        else:
            submissions.discard(desk.files, submission)
        raise


def submit_more(desk: Desk, submission: Submission, size: int, followers: Sequence[Follower] = ()) -> list[Accepted]:
    """Queue `size` more elements of the submission's workload, numbered on from those it has.

    Args:
        followers: As of `plan`.
    Raises: as `submit`; the jobs that the submission had before stay as they are.
    """
    before = submissions.accepted(desk.files, submission)
    start = Start(submissions.next_ordinal(desk.files, submission), submissions.elements(before))
    resized = replace(submission, workload=replace(submission.workload, size=size))
    return _submit_all(desk, submission, plan(resized, desk.scheduler, followers, start))


def submit_job(desk: Desk, submission: Submission, job: Job) -> Accepted:
    """Write the script of `job`, queue it, and record that it was accepted.

    Raises: as `submit`.
    """
    text = script.render(job, desk.scheduler.name, submission.options.templates)
    desk.files.write(f"{submission.path}/{job.script.name}", [text.encode(errors="surrogateescape")])
    job.script.chmod(0o755)
    job_id = _queue(desk, job)
    result = Accepted(job.role, job_id, job.name, job.size, job.offset, job.script.name)
    try:
        submissions.record_accepted(desk.files, submission, result)
    except BaseException:  # nobody would know of it
        cancel_jobs(desk.scheduler, desk.run, [job_id])
        raise
    return result


def _submit_all(desk: Desk, submission: Submission, jobs: Sequence[Job]) -> list[Accepted]:
    done: list[Accepted] = []
    try:
        for job in jobs:
            done.append(submit_job(desk, submission, _with_ids(job, done)))
    except BaseException as error:
        story = _take_back(desk, [job.id for job in done])
        if story and isinstance(error, JugError):
            raise _with_story(error, story) from error
        raise
    return done


def _with_ids(job: Job, done: Sequence[Accepted]) -> Job:
    """Return `job` with ids for the names of the jobs that it depends on."""
    if job.depends_on is None:
        return job
    ids = {other.name: other.id for other in done}
    after = replace(job.depends_on, jobs=tuple(ids[name] for name in job.depends_on.jobs))
    return replace(job, depends_on=after)


def _queue(desk: Desk, job: Job) -> JobId:
    """Return the id of `job`, asking again while the scheduler is only busy or silent.

    Whenever its answer leaves a doubt, the job is looked for by its name before it is submitted again.
    """
    pauses = Backoff(FIRST_PAUSE, LONGEST_PAUSE).within(desk.clock, desk.patience)
    answer = _ask(desk, job)
    while isinstance(answer, JugError):
        desk.tell(f"{answer}\nLooking whether {job.name} was queued, then trying again ...")
        answer = _look_up(desk, job, pauses, answer) or _ask(desk, job)
    return answer


def _ask(desk: Desk, job: Job) -> JobId | JugError:
    """Submit `job` and return its id, or the error that leaves in doubt whether it was queued."""
    try:
        return desk.scheduler.parse_submit(desk.run(desk.scheduler.submit_command(job)))
    except CommandTimeoutError as error:
        return error
    except SubmitError as error:
        if _refused(desk.scheduler, error):
            raise
        return error


def _refused(scheduler: Scheduler, error: SubmitError) -> bool:
    """Return whether nothing was queued for certain and asking again is of no use."""
    reply = Reply(tuple(error.argv), error.code, "", error.stderr)
    return error.code != 0 and scheduler.verdict(reply) is not Verdict.RETRY


def _look_up(desk: Desk, job: Job, pauses: Iterator[float], doubt: JugError) -> JobId | None:
    """Return the id of `job` by its name, None if there is none for certain.

    That takes two answers in a row: a Slurm controller that had hung answered squeue at once, and only then
    took up the submission that had been waiting for it (seen with 22.05).
    """
    command, absent = desk.scheduler.find_command(job.name), 0
    for _ in pauses:
        try:
            found = desk.scheduler.parse_find(desk.run(command), job.name)
        except SchedulerError:
            absent = 0
            continue
        if found or absent:
            return found[0] if found else None
        absent += 1
    raise SchedulerError(
        f"{doubt}\nIt may have been queued all the same, under the name {job.name}. "
        f"Look for it before you submit again: {shlex.join(command)}"
    ) from doubt


def _doubtful(error: BaseException) -> bool:
    """Return whether the job that was being submitted may have been queued."""
    return not isinstance(error, (UsageError, CommandMissingError, OSError))


def _take_back(desk: Desk, ids: Sequence[JobId]) -> str:
    """Cancel what was queued and return what to say of it, "" if nothing was."""
    if not ids:
        return ""
    failures = cancel_jobs(desk.scheduler, desk.run, ids)
    if failures:
        return f"Queued before it and NOT cancelled: {', '.join(ids)}. " + "\n".join(failures)
    return f"Queued before it and cancelled again: {', '.join(ids)}."


def _with_story(error: JugError, story: str) -> JugError:
    """Return `error` with what became of the other jobs."""
    if isinstance(error, SubmitError):
        return SubmitError(error.argv, error.code, f"{error.stderr.strip()}\n{story}")
    kind = type(error) if isinstance(error, UsageError) else SchedulerError
    return kind(f"{error}\n{story}")
