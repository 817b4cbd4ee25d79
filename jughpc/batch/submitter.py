"""How a submission is queued: recorded before and after, never twice, and not by halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from jughpc.batch import journal, replacing, script, settling, submissions
from jughpc.batch.cluster import Cluster, Tell, same_job
from jughpc.batch.journal import Never
from jughpc.batch.plan import DependentJob, Start, plan
from jughpc.batch.replacing import Replacement, Stays
from jughpc.batch.scheduler import Condition, Job, JobId, Workload
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import (
    CommandMissingError,
    JugdirError,
    JugError,
    NumberTakenError,
    SchedulerError,
    SubmitError,
    UsageError,
)
from jughpc.fs import Files

_BY_ITSELF = "their collector queues the reduce itself once all is done."

TakeBack = Callable[[Submission, Sequence[Job]], str]
"""Ends what was queued of these jobs, and returns what to say of it."""


@dataclass(frozen=True)
class Kind:
    """Of what kind elements are.

    Attributes:
        submission: As it would be if it had been made for such elements.
        scheduler: The name of the system beside the submission's own that they go to, "" for that one.
        asks: What they ask for that its first ones did not, in words.
    """

    submission: Submission
    scheduler: str = ""
    asks: str = ""


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

        On an error or a signal those that were queued are taken back, and that is said. A submission of which nothing
        was queued is removed; any other is marked as cancelled, so that whoever settles it ends what is left.

        Raises:
            UsageError: The scheduler refused, or a script does not render.
            SchedulerError: It did not answer; whether the last job was queued is not known.
        """
        return self._submit_all(submission, jobs, self._take_back_all)

    def submit_more(
        self,
        submission: Submission,
        wanted: Workload,
        dependents: Sequence[DependentJob] = (),
        after: Sequence[JobId] = (),
        *,
        waits: bool = False,
        replaces: Sequence[Accepted] = (),
        kind: Kind | None = None,
    ) -> list[Accepted]:
        """Queue the elements of `wanted` besides those that the submission has, numbered on from these.

        Args:
            kind: Of what kind they are, None for that of the submission's first ones.
            dependents: As of `plan`.
            after: Earlier arrays that these are to wait for, too.
            waits: As of `Start`.
            replaces: Followers whose place these `dependents` take: from when the first of them is queued they are to
                end, whatever becomes of this process.
        Raises: as `submit`; the jobs that the submission had before stay as they are.
        """
        if submission.damage:
            raise JugdirError(f"{submission.damage} Nothing can be added to it; submit again.")
        first, element = (number(self.files, submission) for number in (journal.next_ordinal, journal.next_element))
        start = Start(first, element, tuple(after), waits)
        arrays = self._arrays(kind or Kind(submission), wanted, start)
        names = [job.name for job in arrays if not job.scheduler]  # no system lets a job wait for another's
        jobs = arrays + self._alone(submission, dependents, Start(first + len(arrays), after=(*after, *names)))
        if not replaces:
            return self._submit_all(submission, jobs, self._take_back_some)
        return self._submit_instead(submission, jobs, replaces)

    def _submit_instead(self, submission: Submission, jobs: Sequence[Job], old: Sequence[Accepted]) -> list[Accepted]:
        """Queue `jobs`, which take the place of `old`."""
        stems = [job.script.stem for job in jobs], [journal.stem_of(job) for job in old]
        try:
            one = replacing.announce(self.files, submission, *stems, self.cluster.clock.wall())
        except FileExistsError:
            raise _number_taken(submission) from None
        if replacing.is_second(self.files, submission, one):  # who was first may be about to number elements likewise
            raise _number_taken(submission)
        accepted = self._submit_all(submission, jobs, partial(self._take_back_new, one))
        replacing.choose(self.files, submission, one, Stays.NEW)
        replacing.settle(self.files, submission, 0.0)
        return accepted

    def submit_alone(self, submission: Submission, dependents: Sequence[DependentJob], first: int) -> list[Accepted]:
        """Queue jobs of the submission that wait for none of its arrays, numbered from `first` on.

        Raises: as `submit`; NumberTakenError if a job has that number, or gets it meanwhile.
        """
        return self._submit_all(submission, self._alone(submission, dependents, Start(first)), self._take_back_some)

    def _alone(self, submission: Submission, dependents: Sequence[DependentJob], start: Start) -> list[Job]:
        """Return the jobs of `submission` that are no arrays."""
        if not dependents:
            return []
        idle = replace(submission, workload=replace(submission.workload, size=0))
        return plan(idle, self.cluster.scheduler, dependents, start)

    def _arrays(self, kind: Kind, wanted: Workload, start: Start) -> list[Job]:
        """Return the jobs of the elements of `wanted`, which are of that kind."""
        jobs = plan(replace(kind.submission, workload=wanted), self.cluster.beside(kind.scheduler).scheduler, (), start)
        return [replace(job, asks=kind.asks, scheduler=kind.scheduler) for job in jobs]

    def _submit_all(self, submission: Submission, jobs: Sequence[Job], take_back: TakeBack) -> list[Accepted]:
        done: list[Accepted] = []
        try:
            for job in jobs:
                done.append(self._submit_one(submission, _with_ids(job, done)))
        except BaseException as error:
            mine = len(done) + (not isinstance(error, NumberTakenError))  # others may have the numbers behind these
            story = take_back(submission, jobs[:mine])
            if story and isinstance(error, JugError):
                raise _with_story(error, story) from error
            if story:
                with suppress(OSError):  # after HUP there may be nobody to tell
                    self.tell(story)
            raise
        return done

    def _submit_one(self, submission: Submission, job: Job) -> Accepted:
        """Write the script of `job`, record that it is to be queued, queue it, and record what came of that."""
        cluster = self.cluster.beside(job.scheduler)
        text = script.render(job, cluster.scheduler, submission.options.templates)
        intent = journal.intent_of(job, cluster.name, cluster.clock)
        stem = journal.stem_of(intent)
        try:
            path, data = f"{submission.path}/{job.script.name}", text.encode(errors="surrogateescape")
            self.files.write(path, [data], mode=0o700)  # its lines of setup may hold a password
            journal.record_intent(self.files, submission, intent)
        except FileExistsError:
            raise _number_taken(submission) from None
        known = partial(settling.by_itself, cluster, self.files, submission, stem)
        try:
            accepted = intent.accepted(self._queued(cluster, job, known))
        except (UsageError, CommandMissingError) as error:
            journal.settle_as(self.files, submission, stem, Never(f"it was refused: {error}"))
            raise
        return self._recorded(cluster, submission, accepted)

    def _queued(self, cluster: Cluster, job: Job, known: Callable[[], JobId | None]) -> JobId:
        """Queue `job` and return its id; without what it waits for, if that has ended and the system forgot it."""
        job_id, after = cluster.queue(job, self.tell, known), job.depends_on
        waits = after is not None and after.condition is Condition.AFTER_ANY
        if not (waits and cluster.scheduler.capabilities.drops_late):
            return job_id
        found = cluster.settle(job.name) or known()
        return found or cluster.queue(replace(job, depends_on=None), self.tell, known)

    def _recorded(self, cluster: Cluster, submission: Submission, job: Accepted) -> Accepted:
        """Record that `job` was accepted, and return it as it holds.

        Raises SchedulerError where somebody else has settled meanwhile that it is not to be; then it is ended.
        """
        held = journal.settle_as(self.files, submission, journal.stem_of(job), job)
        wanted = isinstance(held, Accepted) and not submissions.is_cancelled(self.files, submission)
        if isinstance(held, Accepted) and wanted and same_job(held.id, job.id):
            return job
        wrong = cluster.cancel([job])
        if isinstance(held, Accepted) and wanted and not wrong:
            return held  # it was queued twice, and found by somebody else
        raise SchedulerError(
            f"{job.name} was queued as {job.id} after somebody else had cancelled it, or given it up. "
            + (f"It was NOT cancelled: {wrong[0]}" if wrong else "It was cancelled again.")
        )

    def _take_back_all(self, submission: Submission, jobs: Sequence[Job]) -> str:
        """End what was queued of a submission, and return what to say of it, "" if nothing was."""
        found = journal.entries(self.files, submission)
        if not any(isinstance(entry.outcome, Accepted) or entry.outcome is None for entry in found):
            submissions.discard(self.files, submission)
            return ""
        submissions.mark_cancelled(self.files, submission)
        return self._taken_back(submission, jobs)

    def _take_back_some(self, submission: Submission, jobs: Sequence[Job]) -> str:
        """The same of some of its jobs."""
        stems = [job.script.stem for job in jobs]
        found = [entry.stem for entry in journal.entries(self.files, submission) if entry.stem in stems]
        journal.withdraw(self.files, submission, found)
        return self._taken_back(submission, jobs)

    def _take_back_new(self, one: Replacement, submission: Submission, jobs: Sequence[Job]) -> str:
        """The same of jobs that take the place of others, unless somebody saw them and had the others end."""
        if replacing.choose(self.files, submission, one, Stays.OLD) is Stays.OLD:
            story = self._take_back_some(submission, jobs)
            replacing.settle(self.files, submission, 0.0)
            return story
        replacing.settle(self.files, submission, 0.0)
        names = {job.name for job in jobs}
        ids = ", ".join(job.id for job in journal.accepted(self.files, submission) if job.name in names)
        return f"Queued before it and NOT cancelled: {ids}. Another command saw them, and has them go on; {_BY_ITSELF}"

    def _taken_back(self, submission: Submission, jobs: Sequence[Job]) -> str:
        settled = settling.settle(self.cluster, self.files, submission)
        names = {job.name for job in jobs}
        ids = ", ".join(job.id for job in journal.accepted(self.files, submission) if job.name in names)
        if trouble := settled.every_trouble:
            return f"Queued before it and NOT cancelled: {ids or 'unknown'}. {trouble}\n{settling.LATER}"
        if not journal.accepted(self.files, submission) and not settled.open:
            submissions.discard(self.files, submission)
        return f"Queued before it and cancelled again: {ids}." if ids else ""


def _number_taken(submission: Submission) -> NumberTakenError:
    return NumberTakenError(f"Somebody else adds to submission {submission.number} now. Try again.")


def _with_ids(job: Job, done: Sequence[Accepted]) -> Job:
    """Return `job` with ids for the names of the jobs that it depends on."""
    if job.depends_on is None:
        return job
    ids = {other.name: other.id for other in done}
    after = replace(job.depends_on, jobs=tuple(ids.get(name, name) for name in job.depends_on.jobs))
    return replace(job, depends_on=after)


def _with_story(error: JugError, story: str) -> JugError:
    """Return `error` with what became of the other jobs."""
    if isinstance(error, SubmitError):
        return type(error)(error.argv, error.code, f"{error.stderr.strip()}\n{story}")
    kind = type(error) if isinstance(error, UsageError) else SchedulerError
    return kind(f"{error}\n{story}")
