"""Submissions that go on: at most one of a jugfile, unless a second is wanted."""

from __future__ import annotations

from jughpc.app.context.pinned import pinned
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.app.status.elements import Jobs
from jughpc.batch import submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import State
from jughpc.batch.submissions import Submission
from jughpc.errors import UsageError


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
    if unheard := len(jobs.poll.unheard):
        told.append(f"{unheard} elements on {' and '.join(jobs.poll.silent)}, which cannot be asked here")
    told += [f"{role.value} {status.state.value}" for role, status in jobs.poll.dependents.items()]
    return ", ".join(told) or "its jobs are not known any more"


def as_submitted(site: Site, submission: Submission) -> Target:
    """Return the jugfile with the text that the submission's elements run."""
    key = submission.meta.get("text")
    return pinned(site.target, key) if key else site.target


def _count(jobs: Jobs, state: State) -> int:
    return sum(status.state is state for status in jobs.poll.elements.values())
