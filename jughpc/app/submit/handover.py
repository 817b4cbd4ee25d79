"""What becomes of the tasks that an array left: a further array, if that is of any use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import partial

from jughpc.app.context.site import Site
from jughpc.app.status.broken import broken, keep_off
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import Standing
from jughpc.app.submit import classes, dependents, needy, sizing
from jughpc.app.submit.classes import Class
from jughpc.app.submit.fewer import as_many_as_fit
from jughpc.app.submit.mail import unmail_last
from jughpc.app.submit.needy import Needy
from jughpc.app.submit.old_reduce import withdraw_reduce
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.request import rounds_of
from jughpc.app.upkeep.claims import cleanup_claims
from jughpc.batch import avoided, federation, journal, submissions
from jughpc.batch.causes import Cause
from jughpc.batch.clusters import Clusters
from jughpc.batch.plan import DependentJob
from jughpc.batch.scheduler import JobId, Role, State, Status, Workload
from jughpc.batch.submissions import Accepted, Submission
from jughpc.batch.submitter import Kind, Submitter
from jughpc.errors import FullError, JugError, SubmitError
from jughpc.store.base import Observer

_PASSING = (Cause.PREEMPTED, Cause.NODE_FAIL, Cause.REQUEUED, Cause.LAUNCH)
"""Why an array may have brought nothing, and the next one may all the same."""


def ended_by_hand(jobs: Jobs) -> Set[int]:
    """Return the elements of the latest array that somebody ended."""
    return _by_hand(jobs, _latest(jobs))


def waited_in_vain(jobs: Jobs) -> bool:
    """Return whether no element of the latest array started, for a job that it waited for did not end well."""
    found = [status.why.cause if status.why else None for status in _latest(jobs).values()]
    return bool(found) and set(found) == {Cause.NEVER}


def worth(site: Site, jobs: Jobs, by_hand: Set[int]) -> int:
    """Return how many further elements may follow: as many as ever were at once, none for those ended by hand."""
    sizes = [len(group) for group in _groups(jobs)] or [0]
    if by_hand:
        site.say(f"{len(by_hand)} elements were cancelled by hand; none is submitted in their place")
        return sizes[-1] - len(by_hand)
    ended = sum(len(_by_hand(jobs, _within(jobs, group))) for group in _groups(jobs))
    return max(sizes[-1], max(sizes) - ended)  # the latest may be fewer than before for want of room


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
        return rounds_of(jobs.submission, rounds)
    passing = is_evaded or any(status.why and status.why.cause in _PASSING for status in _latest(jobs).values())
    return rounds - 1 if passing and rounds else None


def finds_broken(site: Site, jobs: Jobs) -> bool:
    """Return whether nodes are broken that no array keeps off yet."""
    files, store = site.files, site.store()
    if files is None or store is None:
        return False
    return any(not node.is_avoided for node in broken(jobs, files, store))


def hand_over(
    site: Site,
    clusters: Clusters,
    jobs: Jobs,
    standing: Standing,
    size: int,
    rounds: int,
    collector: str,
    observer: Observer | None = None,
) -> bool:
    """Free what the dead held and submit an array of `size` at most, and what follows it; return whether it was.

    Where there is no room for all of them, the reduce that waits for this collector makes some, none is queued before
    all is done, and fewer elements are.

    Args:
        observer: Who has watched the workers: whoever stood still meanwhile need not be watched anew by each element.
    Raises FullError if the system had no room for any, for as long as the cluster's patience lasts.
    """
    files, say, submission = site.files, site.say, jobs.submission
    if files is None or submissions.is_cancelled(files, submission) or not _may_repair(jobs):
        return False
    left, store = standing.unfinished, site.store()
    kept_off = keep_off(jobs, files, store) if store else {}  # before what tells of the dead is removed
    freed = sum(row.removed for row in cleanup_claims(site, clusters, observer=observer))
    found, wanting = needy.left_of(submission, standing, store)  # behind that: it writes down who died of what
    if not ended_by_hand(jobs):
        size = _sized(site, submission, found, size)
    size = min(size, left) if not standing.manifest.barrier else size
    now = Progress.of(standing, store)
    after = dependents.of_array(site.target, submission, rounds, now)
    last = dependents.collector(site.target, submission, rounds, now, last=True)
    say(f"freed {freed} claims of the dead; submitting {size} more elements for {left} tasks")
    for words in _told(wanting, kept_off):
        say(words)

    def queue(followed_by: Sequence[DependentJob], submitter: Submitter, some: int) -> list[Accepted]:
        wanted = more_of(submission, some, found, wanting)
        return more_elements(submitter, submission, wanted, kept_off, followed_by)

    make_room = partial(withdraw_reduce, site, clusters, submission.number, collector)
    try:
        accepted = as_many_as_fit(
            Submitter(jobs.cluster, files, say), size, partial(queue, after), make_room, partial(queue, [last])
        )
    except FullError as error:
        say(f"they were not taken: {error}")
        raise
    except JugError as error:
        say(f"they were refused: {error}")
        return False
    say("submitted " + ", ".join(f"{job.role.value} {job.id}" for job in accepted))
    unmail_last(jobs.cluster, files, submission, collector)
    return True


def _told(wanting: Sequence[Needy], kept_off: Mapping[str, str]) -> Iterator[str]:
    """Yield what is special about elements that are about to be queued, a line each."""
    for one in wanting:
        words = f"get {one.ask}" if one.ask.said() else "run"
        yield f"{len(one.digests)} of these {one.why}: they {words}, in elements of their own"
    for host, why in kept_off.items():
        yield f"they keep off {host}: {why}"


def _sized(site: Site, submission: Submission, found: Sequence[Class], size: int) -> int:
    """Return how many further elements there are to be, where that is left to us, and say how it came to that."""
    wanted = sizing.further(submission, found, site.store(), size)
    for words in wanted.why:
        site.say(words)
    return wanted.elements


def more_of(submission: Submission, size: int, found: Sequence[Class], wanting: Sequence[Needy]) -> Workload:
    """Return `size` more elements of a submission: of each class of which tasks can be run now, and for `wanting`."""
    resized = replace(submission, workload=replace(submission.workload, size=size))
    others = classes.in_parts(resized, found, size, classes.workers_of(submission))
    return needy.with_needy(others, wanting, found).workload


def more_elements(
    submitter: Submitter,
    submission: Submission,
    wanted: Workload,
    kept_off: Mapping[str, str],
    dependents: Sequence[DependentJob],
    after: Sequence[JobId] = (),
    *,
    waits: bool = False,
    replaces: Sequence[Accepted] = (),
    kind: Kind | None = None,
) -> list[Accepted]:
    """Queue the elements of `wanted`, and what follows them, that run on none of these hosts; return the jobs.

    Where the system refuses that, which may call them something else, they run anywhere.

    Args: as of `Submitter.submit_more`.
    Raises: as that.
    """
    careful, before = avoided.keeping_off(submission, kept_off), len(journal.accepted(submitter.files, submission))
    kind = kind or Kind(submission)
    queue = partial(
        submitter.submit_more, wanted=wanted, dependents=dependents, after=after, waits=waits, replaces=replaces
    )
    if careful == submission:
        return queue(submission, kind=kind)
    keeps_off = kind if kind.scheduler else replace(kind, submission=avoided.keeping_off(kind.submission, kept_off))
    try:
        return queue(careful, kind=keeps_off)
    except FullError:
        raise
    except SubmitError as error:
        if len(journal.accepted(submitter.files, submission)) > before:  # it is not the nodes that are refused
            raise
        submitter.tell(f"{error}\nTrying again without --exclude ...")
        return queue(submission, kind=kind)


def _may_repair(jobs: Jobs) -> bool:
    """Return whether the user wants any further arrays at all."""
    return jobs.submission.meta.get("rounds", "1") != "0"


def _groups(jobs: Jobs) -> list[range]:
    """Return the numbers of the elements that were queued together, and not taken back, by the time of that.

    Of those that were added on another system none is submitted anew: nobody may be able to from here.
    """
    groups: list[list[Accepted]] = [[]]
    for job in jobs.accepted:
        if job.name in jobs.taken_back or federation.is_elsewhere(jobs.submission, job):
            continue
        if job.role is Role.ARRAY:
            groups[-1].append(job)
        elif job.role is Role.COLLECT:
            groups.append([])
    return [range(some[0].offset, some[-1].offset + some[-1].size) for some in groups if some]


def _latest(jobs: Jobs) -> dict[int, Status]:
    return _within(jobs, next(reversed(_groups(jobs)), range(0)))


def _within(jobs: Jobs, group: range) -> dict[int, Status]:
    return {place: status for place, status in jobs.poll.elements.items() if place in group}


def _by_hand(jobs: Jobs, found: Mapping[int, Status]) -> set[int]:
    """Return those of these elements that somebody ended, but for those that one of ours took out of the queue."""
    ours = [range(job.offset, job.offset + job.size) for job in jobs.accepted if job.name in jobs.not_needed]
    return {
        place for place, status in found.items() if _is_by_hand(status) and not any(place in array for array in ours)
    }


def _is_by_hand(status: Status) -> bool:
    """Return whether somebody ended it, by itself or, for all that its system tells, with its array."""
    if status.state is State.CANCELLED:
        return status.why is None or status.why.cause is Cause.USER
    return status.state is State.ENDED and status.why is not None and status.why.cause is Cause.USER
