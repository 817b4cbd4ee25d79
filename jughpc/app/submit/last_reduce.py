"""That all is reduced once all is done, though no reduce waits for the collector that finds it so."""

from __future__ import annotations

from dataclasses import replace

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.app.status.elements import Jobs
from jughpc.app.submit import dependents
from jughpc.app.submit.followed import reduce_after
from jughpc.app.submit.mail import unmail_last
from jughpc.backoff import Backoff
from jughpc.batch import ends, journal, settling, submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.journal import Entry
from jughpc.batch.scheduler import Role, State
from jughpc.batch.submissions import Accepted, Submission
from jughpc.batch.submitter import Submitter
from jughpc.errors import NumberTakenError
from jughpc.exitcode import ExitCode
from jughpc.fs import Files

_FIRST, _LONGEST = 0.5, 15.0  # [s] between two looks


def ensure_reduce(site: Site, clusters: Clusters, number: int, collector: str, left: float) -> None:
    """Queue the reduce of a submission of which all is done, unless it has run, or one is queued.

    One that was tried and never queued counts as little as one that was withdrawn, that looked too early, or that waits
    for a collector which ended otherwise than well.

    Args:
        collector: The stem of this job's files.
        left: How long the system may be asked to queue it [s].
    Raises:
        JugError: It could not be queued, or nobody knows whether it was.
    """
    pauses = Backoff(_FIRST, _LONGEST)
    while (files := site.files) and not _is_ensured(site, files, clusters, number, collector, left):
        site.clock.sleep(pauses.next())


def is_reduced_by_another(site: Site, number: int, collector: str) -> bool:
    """Return whether another reduce of the submission than that which waits for this collector ended well.

    While jobs wait for room the collector whose place they take may find all done. Who removes results forgets that.
    """
    if (files := site.files) is None:
        return False
    submission = submissions.load(files, site.location.folder(), number)
    if submission.meta.get("reduce_on") == "any":
        return False  # it ran over less than there is now
    mine = reduce_after(files, submission, collector)
    others = (one.stem for one in journal.entries(files, submission) if mine is None or one.stem != mine.stem)
    ended = [ends.told(files, submission, stem) for stem in others if stem.endswith(f"-{Role.REDUCE.value}")]
    return followers.is_reduced(files, submission) and any(end and end.state is State.DONE for end in ended)


def _is_ensured(site: Site, files: Files, clusters: Clusters, number: int, collector: str, left: float) -> bool:
    """Queue the reduce if one is missing; return False if somebody else may be about to."""
    submission = submissions.load(files, site.location.folder(), number)
    if _is_settled(files, submission, collector):
        return True
    tried = [one for one in journal.entries(files, submission) if _is_open(one)]
    if any(one.intent and site.clock.wall() < one.intent.began + _patience(clusters) for one in tried):
        return False
    journal.withdraw(files, submission, [one.stem for one in tried])  # so that it is settled now
    first = journal.next_ordinal(files, submission)  # before the look: who queues one meanwhile takes this number
    jobs = _looked(site, files, clusters, number)
    if jobs is None or not _is_missing(jobs, files):
        return True
    if not _queue(site, files, jobs, first, left):
        return False
    unmail_last(jobs.cluster, files, submission, collector)
    return True


def _is_settled(files: Files, submission: Submission, collector: str) -> bool:
    """Return whether no reduce is wanted, it has run, or one waits for this collector."""
    if followers.reduce_of(submission) is None or submissions.is_cancelled(files, submission):
        return True
    mine = reduce_after(files, submission, collector)
    if mine is None or mine.withdrawn or not isinstance(mine.outcome, Accepted):
        return followers.is_reduced(files, submission)
    return followers.is_reduced(files, submission) or not _looked_too_early(files, submission, mine.stem)


def _queue(site: Site, files: Files, jobs: Jobs, first: int, left: float) -> bool:
    """Queue the reduce as the job of number `first`; return False if that number was taken meanwhile."""
    patient = jobs.cluster.waiting(left)
    reduce = dependents.reduce_alone(site.target, jobs.submission)
    try:
        (job,) = Submitter(patient, files, site.say).submit_alone(jobs.submission, reduce, first)
    except NumberTakenError:
        return False
    site.say(f"submitted reduce {job.id}")
    return True


def _looked(site: Site, files: Files, clusters: Clusters, number: int) -> Jobs | None:
    """Return the submission as its system tells of it, without a reduce that can never start."""
    jobs = submitted.find(site, clusters, number)
    if jobs is None:
        return None
    followers.withdraw_orphans(jobs, files)
    return replace(jobs, taken_back=journal.taken_back(files, jobs.submission))


def _is_missing(jobs: Jobs, files: Files) -> bool:
    """Return whether no reduce that was queued has run, or will, for all that can be found out."""
    job, status = followers.latest(jobs, Role.REDUCE), jobs.poll.dependents.get(Role.REDUCE)
    if job is None or job.name in jobs.taken_back:
        return not jobs.cancelled and not followers.is_reduced(files, jobs.submission)
    if ends.told(files, jobs.submission, journal.stem_of(job)):
        return _looked_too_early(files, jobs.submission, journal.stem_of(job))
    if status is None:
        return jobs.cluster.settle(job.name, settling.LOOK) is None
    return status.state is State.ENDED  # nobody knows how, and it left no word


def _looked_too_early(files: Files, submission: Submission, stem: str) -> bool:
    end = ends.told(files, submission, stem)
    return end is not None and end.code == ExitCode.LEFT


def _is_open(entry: Entry) -> bool:
    return entry.outcome is None and entry.stem.endswith(f"-{Role.REDUCE.value}")


def _patience(clusters: Clusters) -> float:
    """Return how long who queues a job may wait for an answer [s]."""
    return clusters.order + clusters.patience
