"""How a submission is queued, recorded first, never twice and not by halves; and how it is ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jughpc.batch import script, submissions
from jughpc.batch.cluster import Cluster, Tell
from jughpc.batch.plan import DependentJob, Start, plan
from jughpc.batch.scheduler import Job, JobId
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import CommandMissingError, JugError, SchedulerError, SubmitError, UsageError
from jughpc.fs import Files


@dataclass(frozen=True)
class Submitter:
    """Queues submissions.

    Attributes:
        cluster: Where to.
        files: The jugdir that they are recorded in.
        tell: Takes a line for the user whenever there is something to wait for.
    """

    cluster: Cluster
    files: Files
    tell: Tell

    def submit(self, submission: Submission, jobs: Sequence[Job]) -> list[Accepted]:
        """Queue the planned `jobs` of a prepared `submission`, all or none of them.

        On an error the jobs queued before it are cancelled, as its text says. A submission of which nothing was
        queued is removed; any other is marked as cancelled.

        Raises:
            UsageError: The scheduler refused, or a script does not render.
            SchedulerError: It did not answer; whether the last job was queued is not known.
        """
        try:
            return self._submit_all(submission, jobs)
        except BaseException as error:
            if submissions.accepted(self.files, submission) or _doubtful(error):
                submissions.mark_cancelled(self.files, submission)
            else:
                submissions.discard(self.files, submission)
            raise

    def submit_more(self, submission: Submission, size: int, dependents: Sequence[DependentJob] = ()) -> list[Accepted]:
        """Queue `size` more elements of the submission's workload, numbered on from those it has.

        Args:
            dependents: As of `plan`.
        Raises: as `submit`; the jobs that the submission had before stay as they are.
        """
        before = submissions.accepted(self.files, submission)
        start = Start(submissions.next_ordinal(self.files, submission), submissions.elements(before))
        resized = replace(submission, workload=replace(submission.workload, size=size))
        return self._submit_all(submission, plan(resized, self.cluster.scheduler, dependents, start))

    def submit_job(self, submission: Submission, job: Job) -> Accepted:
        """Write the script of `job`, queue it, and record that it was accepted.

        Raises: as `submit`.
        """
        text = script.render(job, self.cluster.scheduler, submission.options.templates)
        self.files.write(f"{submission.path}/{job.script.name}", [text.encode(errors="surrogateescape")])
        job.script.chmod(0o700)  # its lines of setup may hold a password
        job_id = self.cluster.queue(job, self.tell)
        result = Accepted(job.role, job_id, job.name, job.size, job.offset, job.script.name)
        try:
            submissions.record_accepted(self.files, submission, result)
        except BaseException:  # nobody would know of it
            self.cluster.cancel([job_id])
            raise
        return result

    def _submit_all(self, submission: Submission, jobs: Sequence[Job]) -> list[Accepted]:
        done: list[Accepted] = []
        try:
            for job in jobs:
                done.append(self.submit_job(submission, _with_ids(job, done)))
        except BaseException as error:
            story = _take_back(self.cluster, [job.id for job in done])
            if story and isinstance(error, JugError):
                raise _with_story(error, story) from error
            raise
        return done


def cancel(cluster: Cluster, files: Files, submission: Submission) -> list[Accepted]:
    """End all jobs of `submission` and return them.

    What depends on the arrays goes first: it would start when they end.

    Raises:
        SchedulerError: Some could not be cancelled, as its text says.
    """
    submissions.mark_cancelled(files, submission)
    done: list[Accepted] = []
    while jobs := [job for job in reversed(submissions.accepted(files, submission)) if job not in done]:
        if failures := cluster.cancel([job.id for job in jobs]):
            raise SchedulerError("\n".join(failures))
        done += jobs  # and once more: a collector may just have queued another array
    return done


def _with_ids(job: Job, done: Sequence[Accepted]) -> Job:
    """Return `job` with ids for the names of the jobs that it depends on."""
    if job.depends_on is None:
        return job
    ids = {other.name: other.id for other in done}
    after = replace(job.depends_on, jobs=tuple(ids[name] for name in job.depends_on.jobs))
    return replace(job, depends_on=after)


def _doubtful(error: BaseException) -> bool:
    """Return whether the job that was being submitted may have been queued."""
    return not isinstance(error, (UsageError, CommandMissingError, OSError))


def _take_back(cluster: Cluster, ids: Sequence[JobId]) -> str:
    """Cancel what was queued and return what to say of it, "" if nothing was."""
    if not ids:
        return ""
    if failures := cluster.cancel(ids):
        words = "\n".join(failures)
        return f"Queued before it and NOT cancelled: {', '.join(ids)}. {words}\nEnd them by: {cluster.by_hand(ids)}"
    return f"Queued before it and cancelled again: {', '.join(ids)}."


def _with_story(error: JugError, story: str) -> JugError:
    """Return `error` with what became of the other jobs."""
    if isinstance(error, SubmitError):
        return SubmitError(error.argv, error.code, f"{error.stderr.strip()}\n{story}")
    kind = type(error) if isinstance(error, UsageError) else SchedulerError
    return kind(f"{error}\n{story}")
