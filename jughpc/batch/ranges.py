"""Elements of jobs as ranges, as systems read them in a command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from jughpc.batch.scheduler import ElementId, JobId


def ranges(elements: Iterable[ElementId]) -> Iterator[tuple[JobId, range]]:
    """Yield the elements of each job as ranges of its indices that follow one another: as few as can be."""
    ordered = sorted(set(elements))
    runs = groupby(enumerate(ordered), key=lambda place: (place[1].job, place[1].index - place[0]))
    for (job, _), run in runs:
        indices = [element.index for _, element in run]
        yield job, range(indices[0], indices[-1] + 1)
