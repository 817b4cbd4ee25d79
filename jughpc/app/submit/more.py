"""Further elements for a submission that goes on: like its first ones, of another kind, or on another system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jughpc.app.context.site import Site
from jughpc.app.status import followers
from jughpc.app.status.broken import keep_off
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import Standing, standing, sure
from jughpc.app.submit import dependents, needy
from jughpc.app.submit.handover import more_elements, more_of
from jughpc.app.submit.live import as_submitted, live
from jughpc.app.submit.mail import unmail
from jughpc.app.submit.progress import Progress
from jughpc.app.submit.request import check_time, rounds_of
from jughpc.batch import federation, joined, journal, settling
from jughpc.batch.cluster import Cluster
from jughpc.batch.clusters import Clusters
from jughpc.batch.joined import Joined
from jughpc.batch.scheduler import Resources, Role, State, Status
from jughpc.batch.submissions import Accepted, ElementOptions
from jughpc.batch.submitter import Kind, Submitter
from jughpc.errors import SettingError, UsageError

_EVERYWHERE = ("walltime", "memory", "cpus", "gpus", "tasks")
"""What means the same to each system; partitions, accounts and the like are names of one alone."""

_OF_A_CHUNK = {"memory", "cpus", "gpus", "tasks"}  # what one that is spelt out says, too


@dataclass(frozen=True)
class Wish:
    """What further elements are to be other than a submission's first ones.

    Attributes:
        scheduler: The name of the system that they go to, None for the submission's own.
        resources: What they ask for, by field of `Resources`.
        options: How they are run, by field of `ElementOptions`.
        words: All of that as people say it.
    """

    scheduler: str | None = None
    resources: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""


@dataclass(frozen=True)
class More:
    """Elements that were added to a submission, with the collector and the reduce that follow all of them now.

    Attributes:
        number: The submission's.
        wrong: Why the former collector and reduce could not be withdrawn yet, "" if they were.
        kept_off: The nodes that they keep off, each with the reason.
        scheduler: The name of the system beside the submission's own that the elements went to, "" for that one.
    """

    number: int
    accepted: list[Accepted]
    wrong: str = ""
    kept_off: Mapping[str, str] = field(default_factory=dict)
    scheduler: str = ""


def add(site: Site, clusters: Clusters, size: int, wish: Wish = Wish()) -> More:  # frozen
    """Add `size` elements to the submission that goes on. Raises UsageError if there is none, or it is refused."""
    jobs, files = _one_that_goes_on(site, clusters), site.files
    target = as_submitted(site, jobs.submission)
    now = sure(site, standing(replace(site, target=target)))
    if not now.unfinished and not now.manifest.barrier:
        raise UsageError("all tasks are done, so there is nothing that further elements could run.")
    _refuse_half(site, jobs)
    submission, store = jobs.submission, site.store()
    jobs, kind = _of_kind(clusters, jobs, wish)
    if files is None or store is None:
        raise RuntimeError("a submission goes on in a store that is no folder")
    rounds = rounds_of(submission, site.settings.rounds)
    after = dependents.of_array(target, submission, rounds, Progress.of(now, store))
    wanted = more_of(kind.submission, _fitting(size, now), *needy.left_of(kind.submission, now, store))
    kept_off = keep_off(jobs, files, store)
    if kind.scheduler:
        other = jobs.cluster.beside(kind.scheduler)
        joined.record(files, submission, other.name, Joined(other.limits, other.commands))
    old = _unended(jobs, journal.accepted(files, submission))  # only now: a collector may just have handed over
    accepted = more_elements(
        Submitter(jobs.cluster, files, site.say), submission, wanted, kept_off, after, _running(jobs),
        waits=not _has_begun(jobs), replaces=old, kind=kind,
    )  # fmt: skip
    unmail(jobs.cluster, submission, old)
    wrong = followers.withdraw(jobs, files, old)
    return More(submission.number, accepted, wrong, kept_off, kind.scheduler)


def _one_that_goes_on(site: Site, clusters: Clusters) -> Jobs:
    """Return the latest submission of this user's that goes on. Raises UsageError if there is none."""
    every = live(site, clusters)
    if found := [jobs for jobs in every if not jobs.cluster.owner]:
        return found[-1]
    what = f"no submission of {site.location} {'that is yours ' if every else ''}goes on"
    raise UsageError(f"{what}, so nothing can be added; submit without --more.")


def _of_kind(clusters: Clusters, jobs: Jobs, wish: Wish) -> tuple[Jobs, Kind]:
    """Return of what kind the elements are, and the submission with the system that they go to. Raises UsageError."""
    _refuse_other_cluster(jobs, jobs.cluster)
    if wish.scheduler not in (None, jobs.cluster.name):
        return _elsewhere(clusters, jobs, wish)
    before = jobs.submission.options
    options = replace(before, resources=_asking(before.resources, wish.resources), **wish.options)
    check_time(wish.resources.get("walltime"))
    jobs.cluster.check(replace(options, after=()))
    return jobs, Kind(replace(jobs.submission, options=options), asks=wish.words)


def _elsewhere(clusters: Clusters, jobs: Jobs, wish: Wish) -> tuple[Jobs, Kind]:
    """The same on another system than the submission's own."""
    submission, before = jobs.submission, jobs.submission.options
    if before.after and not _has_begun(jobs):
        raise UsageError(
            f"submission {submission.number} waits for {', '.join(before.after)}, and elements on {wish.scheduler} "
            f"could not. Add them once the first ones run, or leave --scheduler out."
        )
    resources = _asking(Resources(**{name: getattr(before.resources, name) for name in _EVERYWHERE}), wish.resources)
    check_time(resources.walltime)
    options = _elsewhere_run(before, resources, wish)
    other = clusters.here(wish.scheduler, resources)
    if not other.is_in_reach:
        raise SettingError(
            f"--scheduler {other.name}: its commands ({', '.join(other.scheduler.capabilities.commands)}) are not on "
            "this host, so no elements can be added there. Add them from one that has these, and sees the same folder."
        )
    other.check(options)
    _refuse_other_cluster(jobs, other)
    cluster = replace(jobs.cluster, others={**jobs.cluster.others, other.name: other})
    kind = Kind(replace(submission, options=options, limits=other.limits), other.name, wish.words)
    return replace(jobs, cluster=cluster), kind


def _elsewhere_run(before: ElementOptions, resources: Resources, wish: Wish) -> ElementOptions:
    """Return how elements are run on another system: what was said to the first one alone does not hold there."""
    bare = replace(before, resources=resources, extra=(), throttle=None, exclude=(), after=())
    return replace(bare, **wish.options)


def _asking(resources: Resources, asked: Mapping[str, Any]) -> Resources:
    sized = {"select": None} if resources.select and _OF_A_CHUNK & asked.keys() else {}
    return replace(resources, **{**sized, **asked})


def _refuse_other_cluster(jobs: Jobs, system: Cluster) -> None:
    """Raise SettingError if what is said now sends jobs to another cluster of `system` than its jobs that are there."""
    said = system.chosen(()).get("clusters", "").partition(" ")[0]
    there = {job.id.partition(";")[2] for job in federation.by_system(jobs.cluster, jobs.accepted).get(system.name, ())}
    if said and not there <= {*said.split(",")}:
        raise SettingError(
            f"submission {jobs.submission.number} is on {max(there) or 'the usual cluster'} of {system.name}, and "
            f"here jobs go to {said}. Elements cannot be added on a second cluster of one system: make a second "
            "submission there with --again, which works on the same tasks."
        )


def _refuse_half(site: Site, jobs: Jobs) -> None:
    """Raise UsageError if a submit may still be queueing jobs of this submission: it would number them likewise."""
    there = {job.role for job in jobs.accepted}
    wanted = {Role.COLLECT} | ({Role.REDUCE} if followers.reduce_of(jobs.submission) else set())
    if not wanted <= there and site.clock.wall() - jobs.submission.created < settling.LONGEST_SUBMIT:
        raise UsageError(
            f"submission {jobs.submission.number} is still being queued, or its submit was killed. Add to it once it "
            "is queued; if nobody queues it any more, `jughpc cancel` and submit again."
        )


def _fitting(size: int, now: Standing) -> int:
    return size if now.manifest.barrier else min(size, now.unfinished)


def _has_begun(jobs: Jobs) -> bool:
    """Return whether any element did not wait any more: then what all of them wait for has ended well."""
    return any(status.state not in (State.QUEUED, State.STUCK) for status in jobs.poll.elements.values())


def _running(jobs: Jobs) -> list[str]:
    """Return the ids of the arrays on the submission's own system of which elements are queued or run."""
    states, arrays = jobs.poll.elements, [job for job in jobs.accepted if job.role is Role.ARRAY]
    own = [job for job in arrays if not federation.is_elsewhere(jobs.submission, job)]
    return [job.id for job in own if _any_unended(job, states)]


def _any_unended(job: Accepted, states: Mapping[int, Status]) -> bool:
    numbers = range(job.offset, job.offset + job.size)
    return any(number in states and not states[number].state.ended for number in numbers)


def _unended(jobs: Jobs, now: Sequence[Accepted]) -> list[Accepted]:
    """Return those followers among the jobs of `now` that may not have ended; of former ones nobody asked."""
    over = {role for role, status in jobs.poll.dependents.items() if status.state.ended}
    known = {job.name for job in jobs.accepted}
    return [job for job in now if job.role is not Role.ARRAY and not (job.name in known and job.role in over)]
