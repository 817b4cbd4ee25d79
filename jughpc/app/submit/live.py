"""Submissions that go on: at most one of a jugfile, unless a second is wanted; and more elements for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from jughpc.app.context.pinned import pinned
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.app.status.broken import keep_off
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import Standing, standing, sure
from jughpc.app.submit import dependents, needy
from jughpc.app.submit.handover import more_elements, more_of
from jughpc.app.submit.mail import unmail
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.request import rounds_of
from jughpc.batch import settling, submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role, State, Status
from jughpc.batch.submissions import Accepted, Submission
from jughpc.batch.submitter import Submitter
from jughpc.errors import UsageError


@dataclass(frozen=True)
class More:
    """Elements that were added to a submission, with the collector and the reduce that follow all of them now.

    Attributes:
        number: The submission's.
        wrong: Why the former collector and reduce could not be withdrawn yet, "" if they were.
        kept_off: The nodes that they keep off, each with the reason.
    """

    number: int
    accepted: list[Accepted]
    wrong: str = ""
    kept_off: Mapping[str, str] = field(default_factory=dict)


def live(site: Site, clusters: Clusters) -> list[Jobs]:
    """Return the submissions of which anything is queued or runs, or may for all that can be found out, ascending."""
    if (files := site.files) is None:
        return []
    submitted.settle(files, site.location.folder(), clusters)
    every = submissions.every(files, site.location.folder())
    numbers = [one.number for one in every if submissions.is_live(files, one)]
    found = (submitted.find(site, clusters, number) for number in numbers)
    return [jobs for jobs in found if jobs and submitted.goes_on(jobs)]


def refuse_a_second(site: Site, clusters: Clusters, again: bool) -> None:
    """Raise UsageError if a submission goes on and a second is not wanted; it names that one and the choices."""
    found = [] if again else live(site, clusters)
    if not found:
        return
    jobs = found[-1]
    ids = ", ".join(job.id for job in jobs.accepted)
    raise UsageError(
        f"submission {jobs.submission.number} of {site.location} goes on ({ids}): {in_words(jobs)}.\n"
        f"{_of_damage(jobs)}{_choices(jobs)}; `jughpc status` shows more."
    )


def _choices(jobs: Jobs) -> str:
    """Return what may be done about a submission that goes on."""
    again = "`--again` makes a second submission beside it"
    if jobs.cluster.owner:
        return f"It is {jobs.cluster.owner}'s: {again}"
    return f"`jughpc submit --more N` adds N elements to it; {again}; `jughpc cancel` ends it"


def _of_damage(jobs: Jobs) -> str:
    return f"{jobs.submission.damage} `jughpc cancel` ends what is left of it.\n" if jobs.submission.damage else ""


def in_words(jobs: Jobs) -> str:
    """Return how many of a submission's elements are in which state, and its followers."""
    if jobs.trouble:
        return f"the scheduler did not answer ({jobs.trouble.splitlines()[0]})"
    counts = [(state, _count(jobs, state)) for state in State]
    told = [f"{count} elements {state.value}" for state, count in counts if count]
    told += [f"{role.value} {status.state.value}" for role, status in jobs.poll.dependents.items()]
    return ", ".join(told) or "its jobs are not known any more"


def add(site: Site, clusters: Clusters, size: int) -> More:
    """Add `size` elements to the submission that goes on. Raises UsageError if there is none, or it is refused."""
    every, files = live(site, clusters), site.files
    found = [jobs for jobs in every if not jobs.cluster.owner]
    if not found or files is None:
        what = f"no submission of {site.location} {'that is yours ' if every else ''}goes on"
        raise UsageError(f"{what}, so nothing can be added; submit without --more.")
    jobs = found[-1]
    target = as_submitted(site, jobs.submission)
    now = sure(site, standing(replace(site, target=target)))
    if not now.unfinished and not now.manifest.barrier:
        raise UsageError("all tasks are done, so there is nothing that further elements could run.")
    submission = jobs.submission
    _refuse_half(site, jobs)
    rounds = rounds_of(submission, site.settings.rounds)
    after = dependents.of_array(target, submission, rounds, Progress.of(now, site.store()))
    before = [job for job in jobs.accepted if job.role is not Role.ARRAY]
    store = site.store()
    fitting = more_of(submission, _fitting(size, now), *needy.left_of(submission, now, store))
    kept_off = keep_off(jobs, files, store) if store else {}
    submitter = Submitter(jobs.cluster, files, site.say)
    old = _unended(jobs, before)
    accepted = more_elements(
        submitter, submission, fitting, kept_off, after, _running(jobs), waits=not _has_begun(jobs), replaces=old
    )
    unmail(jobs.cluster, submission, old)
    wrong = followers.withdraw(jobs, files, old)
    return More(submission.number, accepted, wrong, kept_off)


def _refuse_half(site: Site, jobs: Jobs) -> None:
    """Raise UsageError if a submit may still be queueing jobs of this submission: it would number them likewise."""
    there = {job.role for job in jobs.accepted}
    wanted = {Role.COLLECT} | ({Role.REDUCE} if followers.reduce_of(jobs.submission) else set())
    if not wanted <= there and site.clock.wall() - jobs.submission.created < settling.LONGEST_SUBMIT:
        raise UsageError(
            f"submission {jobs.submission.number} is still being queued, or its submit was killed. Add to it once it "
            "is queued; if nobody queues it any more, `jughpc cancel` and submit again."
        )


def as_submitted(site: Site, submission: Submission) -> Target:
    """Return the jugfile with the text that the submission's elements run."""
    key = submission.meta.get("text")
    return pinned(site.target, key) if key else site.target


def _fitting(size: int, now: Standing) -> int:
    return size if now.manifest.barrier else min(size, now.unfinished)


def _has_begun(jobs: Jobs) -> bool:
    """Return whether any element did not wait any more: then what all of them wait for has ended well."""
    return any(status.state not in (State.QUEUED, State.STUCK) for status in jobs.poll.elements.values())


def _running(jobs: Jobs) -> list[str]:
    """Return the ids of the arrays of which elements are queued or run."""
    states = jobs.poll.elements
    return [job.id for job in jobs.accepted if job.role is Role.ARRAY and _any_unended(job, states)]


def _any_unended(job: Accepted, states: Mapping[int, Status]) -> bool:
    numbers = range(job.offset, job.offset + job.size)
    return any(number in states and not states[number].state.ended for number in numbers)


def _unended(jobs: Jobs, which: list[Accepted]) -> list[Accepted]:
    """Return those followers that may not have ended; of former ones nobody asked."""
    over = {role for role, status in jobs.poll.dependents.items() if status.state.ended}
    return [job for job in which if job.role not in over]


def _count(jobs: Jobs, state: State) -> int:
    return sum(status.state is state for status in jobs.poll.elements.values())
