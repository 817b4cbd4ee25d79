"""What becomes of the tasks that an array left: a further array, if that is of any use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import partial

from jughpc.app.context.site import Site
from jughpc.app.status import followers
from jughpc.app.status.broken import broken, keep_off
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import Standing
from jughpc.app.submit import dependents
from jughpc.app.submit.fewer import as_many_as_fit
from jughpc.app.submit.old_reduce import withdraw_reduce
from jughpc.app.submit.progress import Progress
from jughpc.app.upkeep.claims import cleanup_claims
from jughpc.batch import avoided, submissions
from jughpc.batch.causes import Cause
from jughpc.batch.clusters import Clusters
from jughpc.batch.plan import DependentJob
from jughpc.batch.scheduler import JobId, Role, State, Status
from jughpc.batch.submissions import Accepted, Submission
from jughpc.batch.submitter import Submitter
from jughpc.errors import FullError, JugError, SubmitError

_PASSING = (Cause.PREEMPTED, Cause.NODE_FAIL, Cause.REQUEUED, Cause.LAUNCH)
"""Why an array may have brought nothing, and the next one may all the same."""


def ended_by_hand(jobs: Jobs) -> Set[int]:
    """Return the elements of the latest array that somebody ended."""
    return {place for place, status in _latest(jobs).items() if _is_by_hand(status)}


def waited_in_vain(jobs: Jobs) -> bool:
    """Return whether no element of the latest array started, for a job that it waited for did not end well."""
    found = [status.why.cause if status.why else None for status in _latest(jobs).values()]
    return bool(found) and set(found) == {Cause.NEVER}


def latest_size(jobs: Jobs) -> int:
    """Return how many elements were queued together last."""
    return len(_places(jobs))


def worth(site: Site, jobs: Jobs, by_hand: Set[int]) -> int:
    """Return how many further elements may follow the latest array: none for those that were cancelled by hand."""
    size = len(_places(jobs)) - len(by_hand)
    if by_hand:
        site.say(f"{len(by_hand)} elements were cancelled by hand; none is submitted in their place")
    return max(0, size)


def rounds_left(
    jobs: Jobs, rounds: int, before: Progress | None, now: Progress, *, is_evaded: bool = False
) -> int | None:
    """Return how many arrays in a row may still follow ones that brought nothing; None if none is to follow this one.

    One that brought anything gives all of them back. One that did not may be followed by another only where what
    befell it may pass: more of what kills or starves every worker repairs nothing.

    Args:
        before: How far things were when the latest array was queued, None if nobody knows.
        is_evaded: Whether the next one will keep off nodes that this one did not.
    """
    if before is None or now.is_beyond(before):
        return int(jobs.submission.meta.get("rounds", rounds))
    passing = is_evaded or any(status.why and status.why.cause in _PASSING for status in _latest(jobs).values())
    return rounds - 1 if passing and rounds else None


def finds_broken(site: Site, jobs: Jobs) -> bool:
    """Return whether nodes are broken that no array keeps off yet."""
    files, store = site.files, site.store()
    if files is None or store is None:
        return False
    return any(not node.is_avoided for node in broken(jobs, files, store))


def hand_over(site: Site, clusters: Clusters, jobs: Jobs, standing: Standing, size: int, rounds: int) -> bool:
    """Free what the dead held and submit an array of `size` at most, and what follows it; return whether it was.

    Where there is no room for all of them, the reduce that waits for this one makes some, and fewer are queued.

    Raises FullError if the system had no room for any, for as long as the cluster's patience lasts.
    """
    files, say, submission = site.files, site.say, jobs.submission
    if files is None or submissions.is_cancelled(files, submission) or not _may_repair(jobs):
        return False
    left = standing.unfinished
    size = min(size, left) if not standing.manifest.barrier else size
    store = site.store()
    kept_off = keep_off(jobs, files, store) if store else {}  # before what tells of the dead is removed
    freed = sum(row.removed for row in cleanup_claims(site, clusters))
    now = Progress.of(standing, store)
    after = dependents.of_array(site.target, submission, rounds, followers.reduce_of(submission), now)
    say(f"freed {freed} claims of the dead; submitting {size} more elements for {left} tasks")
    for host, words in kept_off.items():
        say(f"they keep off {host}: {words}")

    def queue(submitter: Submitter, some: int) -> list[Accepted]:
        return more_elements(submitter, submission, some, kept_off, after)

    make_room = partial(withdraw_reduce, site, clusters, submission.number)
    try:
        accepted = as_many_as_fit(Submitter(jobs.cluster, files, say), size, queue, make_room)
    except FullError as error:
        say(f"they were not taken: {error}")
        raise
    except JugError as error:
        say(f"they were refused: {error}")
        return False
    say("submitted " + ", ".join(f"{job.role.value} {job.id}" for job in accepted))
    return True


def more_elements(
    submitter: Submitter,
    submission: Submission,
    size: int,
    kept_off: Mapping[str, str],
    dependents: Sequence[DependentJob],
    after: Sequence[JobId] = (),
    *,
    waits: bool = False,
) -> list[Accepted]:
    """Queue `size` more elements, and what follows them, that run on none of these hosts; return the jobs.

    Where the system refuses that, which may call them something else, they run anywhere.
    Raises: as `Submitter.submit_more`.
    """
    careful = avoided.keeping_off(submission, kept_off)
    if careful == submission:
        return submitter.submit_more(submission, size, dependents, after, waits=waits)
    try:
        return submitter.submit_more(careful, size, dependents, after, waits=waits)
    except FullError:
        raise
    except SubmitError as error:
        submitter.tell(f"{error}\nTrying again without --exclude ...")
        return submitter.submit_more(submission, size, dependents, after, waits=waits)


def _may_repair(jobs: Jobs) -> bool:
    """Return whether the user wants any further arrays at all."""
    return jobs.submission.meta.get("rounds", "1") != "0"


def _places(jobs: Jobs) -> range:
    """Return the numbers of the elements that were queued together last, and not taken back."""
    arrays: list[range] = []
    for job in jobs.accepted:
        if job.name in jobs.taken_back:
            continue
        if job.role is Role.ARRAY:
            arrays.append(range(job.offset, job.offset + job.size))
        elif job.role is Role.COLLECT:
            arrays.append(range(0))
    while arrays and not arrays[-1]:
        arrays.pop()
    last = len(arrays)
    while last and arrays[last - 1]:
        last -= 1
    return range(arrays[last].start, arrays[-1].stop) if arrays else range(0)


def _latest(jobs: Jobs) -> dict[int, Status]:
    places = _places(jobs)
    return {place: status for place, status in jobs.poll.elements.items() if place in places}


def _is_by_hand(status: Status) -> bool:
    """Return whether somebody ended it, by itself or, for all that its system tells, with its array."""
    if status.state is State.CANCELLED:
        return status.why is None or status.why.cause is Cause.USER
    return status.state is State.ENDED and status.why is not None and status.why.cause is Cause.USER
