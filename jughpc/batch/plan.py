"""Which jobs a submission becomes: arrays within the system's limits, then the jobs that depend on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from jughpc.batch.scheduler import Condition, Dependency, Job, JobId, Resources, Role, Scheduler
from jughpc.batch.submissions import Submission
from jughpc.batch.typed import MOST_ELEMENTS
from jughpc.errors import SettingError


@dataclass(frozen=True)
class DependentJob:
    """A plain job that starts after the arrays: the collector; or, if that ends well, the reduce.

    Attributes:
        is_told: Whether the system is to mail its user how it ended.
    """

    role: Role
    argv: tuple[str, ...]
    resources: Resources = field(default_factory=Resources)
    is_told: bool = False


@dataclass(frozen=True)
class Start:
    """Where the numbering of jobs and elements begins: past those that were submitted before.

    Attributes:
        after: Ids of earlier arrays that go on; what depends on the new ones waits for these, too.
        waits: Whether these arrays wait for the jobs of others that the submission is to wait for. What is queued
            once any of it has begun does not: that has ended well, and the system may have forgotten it.
    """

    job: int = 0
    element: int = 0
    after: tuple[JobId, ...] = ()
    waits: bool = True


def plan(
    submission: Submission,
    scheduler: Scheduler,
    dependents: Sequence[DependentJob] = (),
    start: Start = Start(),
) -> list[Job]:
    """Return the jobs of `submission` in the order of their submission.

    A job's `depends_on` names other jobs of the plan: their ids are known only when they are queued.

    Args:
        dependents: The first starts after all arrays ended in any way, each other after the one before it
            ended with exit code 0; or in any way, where the system knows no other condition: it looks itself.
            Without elements they are all there is.
    Raises:
        SettingError: There are no elements, or the raw options would undo what is said here.
    """
    scheduler.refuse(submission.options.extra, {})
    alone = bool(dependents) and not submission.workload.size
    jobs = [] if alone else _arrays(submission, scheduler, start)
    names, condition = (*start.after, *(job.name for job in jobs)), Condition.AFTER_ANY
    for dependent in dependents:
        if condition not in scheduler.capabilities.conditions:
            condition = Condition.AFTER_ANY
        after = Dependency(condition, names) if names else None
        job = _job(submission, scheduler, dependent.role, start.job + len(jobs))
        jobs.append(
            replace(
                job, argv=dependent.argv, resources=dependent.resources, depends_on=after, is_told=dependent.is_told
            )
        )
        names, condition = (job.name,), Condition.AFTER_OK
    return jobs


def chunks(size: int, array_size: int | None) -> list[int]:
    """Return the sizes of the arrays that hold `size` elements: as few and as even as can be.

    Even ones leave no array of one over, which would have to be a plain job, where it can be helped.
    """
    return share(size, -(-size // (array_size or size)))


def share(total: int, count: int) -> list[int]:
    """Return `total` as `count` whole numbers that differ by one at most, the larger ones first."""
    return [total // count + (place < total % count) for place in range(count)]


def _arrays(submission: Submission, scheduler: Scheduler, start: Start) -> list[Job]:
    total, options = submission.workload.size, submission.options
    if total < 1:
        raise SettingError(f"An array of {total} elements does nothing. Ask for 1 or more.")
    if total > MOST_ELEMENTS:
        raise SettingError(f"An array of {total} elements is too much. Ask for {MOST_ELEMENTS} at most.")
    parts = submission.workload.in_parts(options.resources)
    arrays = [(part, size) for part in parts for size in chunks(part.size, submission.limits.array_size)]
    offsets = accumulate((size for _, size in arrays), initial=start.element)
    jobs = [
        replace(
            _job(submission, scheduler, Role.ARRAY, start.job + place, size, offset),
            argv=part.argv,
            resources=part.resources,
            only=part.only,
            elements=start.element + total,
            token=submission.token,
            extra=options.extra,
            stage=options.stage,
            after=options.after if start.waits else (),
        )
        for place, ((part, size), offset) in enumerate(zip(arrays, offsets, strict=False))
    ]
    return _throttled(jobs, _bound(submission, scheduler))


def _bound(submission: Submission, scheduler: Scheduler) -> int | None:
    """Return how many elements may run at once, None where that bounds nothing."""
    throttle, total = submission.options.throttle, submission.workload.size
    bounds = throttle is not None and (throttle < total or scheduler.capabilities.bounds_arrays)
    return throttle if bounds else None


def _throttled(jobs: Sequence[Job], throttle: int | None) -> list[Job]:
    """Return `jobs` with their shares of the throttle; if there are more of them than that, they take turns."""
    if throttle is None:
        return list(jobs)
    lanes = min(throttle, len(jobs))
    shares = share(throttle, lanes)
    return [
        replace(job, throttle=shares[place % lanes], depends_on=_turn(jobs[place - lanes]) if place >= lanes else None)
        for place, job in enumerate(jobs)
    ]


def _turn(before: Job) -> Dependency:
    return Dependency(Condition.AFTER_ANY, (before.name,))


def _job(submission: Submission, scheduler: Scheduler, role: Role, ordinal: int, size: int = 1, offset: int = 0) -> Job:
    options = submission.options
    container = options.container if role is not Role.COLLECT else None
    return Job(
        role=role,
        name=submission.job_name(ordinal),
        argv=submission.workload.argv,
        size=size,
        offset=offset,
        elements=1,
        throttle=None,
        script=submission.folder / f"{ordinal}-{role.value}.sh",
        log=scheduler.log_pattern(submission.folder / "logs", role, size, offset),
        workdir=options.workdir,
        resources=options.resources,
        setup=options.setup,
        probe=container.check if container else options.probe,
        container=container,
        umask=options.umask,
        exclude=options.exclude,
    )
