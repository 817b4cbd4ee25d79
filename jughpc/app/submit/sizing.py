"""How many elements an array is to have, where that is left to us: by what tasks took, and by when all is wanted.

Where nobody has measured anything a few elements do, and end after a while; what they leave is for an array that is
sized by what they measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jughpc.app.status.measured import by_function, means
from jughpc.app.submit import classes, dependents
from jughpc.app.submit.classes import Class
from jughpc.app.submit.request import read_kept
from jughpc.batch.cluster import Cluster
from jughpc.batch.scheduler import Bound
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.batch.typed import MOST_ELEMENTS
from jughpc.config.kinds import pause
from jughpc.host import usable_cores
from jughpc.store.base import Store
from jughpc.store.measures import Sums
from jughpc.units import about, several, show_seconds
from jughpc.worker.deadline import MARGIN

WITHIN = 3600.0
"""By when all is to be done, where nobody says that [s], without the time that jobs wait."""

FIRST, FIRST_TIME = 4, 300.0
"""Elements that measure, and how long they begin anything [s]."""

_WITHIN = "within"  # of what a submission keeps
_SPAN = pause(0.0)

BUSY = 0.9
"""The share of its time that a worker runs tasks: the rest is to start, and to wait for others in the end."""

_FOLLOWERS = 2  # collector and reduce
_MOST_NAMED = 3


@dataclass(frozen=True)
class Size:
    """How many elements, and how it came to that.

    Attributes:
        why: In words, a line each.
        measures: Whether they are to measure, and to leave the rest to others.
    """

    elements: int
    why: tuple[str, ...]
    measures: bool = False


@dataclass(frozen=True)
class Ceiling:
    """More elements than which are of no use, or can't be had.

    Attributes:
        why: In words.
    """

    elements: int
    why: str


def size(found: Sequence[Class], store: Store | None, within: float, ceilings: Sequence[Ceiling], workers: int) -> Size:
    """Return how many elements run what is left in time.

    Args:
        found: The classes of tasks that are left.
        store: Where it is looked how long tasks take.
        within: The time that there is for it, or that an element has [s].
        workers: In each element.
    """
    left = {name: count for one in found for name, count in one.functions.items()}
    took = {name: sums for name, sums in (by_function(store) if store else {}).items() if name in left and sums.count}
    most = (*ceilings, Ceiling(max(1, -(-sum(left.values()) // workers)), "there are no more tasks"))
    if not took:
        return _to_measure(most)
    each = means(took, list(left))
    work = sum(count * each[name] for name, count in left.items())
    wanted = math.ceil(work / (within * workers * BUSY))
    words = f"{several(sum(left.values()), 'task')} take some {about(work)} of one worker ({_each(took, left)})"
    return _bounded(wanted, (f"{words}, and are to end within {about(within)}", *_too_long(took, within)), most)


def ceilings(cluster: Cluster, options: ElementOptions, workers: int) -> list[Ceiling]:
    """Return what bounds the elements of an array: the user's free share, this machine, and what he said."""
    found = [Ceiling(_free(bound), f"{bound.name} is {bound.most}, {bound.used} used") for bound in cluster.bounds]
    if cluster.runs_here:
        cores = (options.resources.cpus or 1) * workers
        found.append(Ceiling(usable_cores() // cores, f"this machine has {usable_cores()} cores"))
    return [*found, *_throttled(options), Ceiling(MOST_ELEMENTS, "no submission has more")]


def span(options: ElementOptions, within: float) -> float:
    """Return how long an element has for what is to be done within that time [s]."""
    walltime = options.resources.walltime
    return within if walltime is None else max(1.0, min(within, walltime - MARGIN))


def sized(submission: Submission, found: Size | None, within: float | None) -> Submission:
    """Return the submission as one whose further arrays are sized likewise; as it is if the user said a number."""
    if found is None:
        return submission
    submission = replace(submission, meta={**submission.meta, _WITHIN: f"{within or WITHIN:g}"})
    return _measuring(submission) if found.measures and submission.workload.size else submission


def within_of(submission: Submission) -> float | None:
    """Return by when all of a submission is to be done whose arrays are sized by that [s], None of any other."""
    return read_kept(submission, _WITHIN, submission.meta.get(_WITHIN), _SPAN, None)


def further(submission: Submission, found: Sequence[Class], store: Store | None, usual: int) -> Size:
    """Return how many further elements run what is left in time; `usual` where nobody measured anything.

    What there is room for whoever queues them finds out.
    """
    within, workers = within_of(submission), classes.workers_of(submission)
    if within is None:
        return Size(usual, ())
    bounds = _throttled(submission.options)
    wanted = size(found, store, span(submission.options, within), bounds, workers)
    return replace(wanted, elements=usual, why=()) if wanted.measures else wanted


def _measuring(submission: Submission) -> Submission:
    """Return the submission with elements that end after a while, and leave the rest to others."""
    workload = submission.workload
    option, parts = f"--measure={show_seconds(FIRST_TIME)}", workload.in_parts(submission.options.resources)
    some = tuple(replace(part, argv=dependents.with_options(part.argv, option)) for part in parts)
    return replace(submission, workload=replace(workload, parts=some))


def _throttled(options: ElementOptions) -> list[Ceiling]:
    throttle = options.throttle
    return [Ceiling(throttle, f"--throttle lets {throttle} run at once")] if throttle else []


def _to_measure(most: Sequence[Ceiling]) -> Size:
    """Return how many elements find out how long tasks take; where these are as many as there can be, no others do."""
    lowest = min(most, key=lambda one: one.elements)
    if lowest.elements <= FIRST:
        return Size(max(1, lowest.elements), (f"no more than {max(1, lowest.elements)}: {lowest.why}",))
    why = f"nobody knows yet how long these tasks take: so many measure it for {show_seconds(FIRST_TIME)}"
    return Size(FIRST, (why, "the next array is sized by that"), measures=True)


def _bounded(wanted: int, why: tuple[str, ...], most: Sequence[Ceiling]) -> Size:
    lowest = min(most, key=lambda one: one.elements)
    if wanted <= lowest.elements:
        return Size(max(1, wanted), why)
    return Size(max(1, lowest.elements), (*why, f"{wanted} would be enough, but {lowest.why}"))


def _free(bound: Bound) -> int:
    return bound.most - bound.used - (_FOLLOWERS if bound.followers else 0)


def _each(took: Mapping[str, Sums], left: Mapping[str, int]) -> str:
    known = sorted(took, key=lambda name: -took[name].mean * left[name])
    told = [f"{name} {about(took[name].mean)} each" for name in known[:_MOST_NAMED]]
    guessed = [name for name in left if name not in took][:_MOST_NAMED]
    return ", ".join([*told, *([f"as measured; {', '.join(guessed)} as these"] if guessed else ["as measured"])])


def _too_long(took: Mapping[str, Sums], within: float) -> Iterator[str]:
    name, longest = max(((name, sums.most) for name, sums in took.items()), key=lambda row: row[1])
    if longest > within:
        yield f"one task alone ({name}) took {about(longest)}, so it will be later"
