"""What tasks took, as the workers of a store measured it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from jughpc.store.base import Store
from jughpc.store.measures import FIRST, LARGEST, SHORTENED, Columns, Summary, Sums, decode, decode_summary, together
from jughpc.store.record import ElementRef

SAMPLE = 64  # lives that are enough to tell means
_TRIES = 3  # reads of a file that is being rewritten


def by_function(store: Store, most: int = SAMPLE) -> dict[str, Sums]:
    """Return what tasks took, by function, as `most` of the lives tell that ran any: a listing, and a read a life.

    The latest word of a worker may be a minute old; what a life keeps for itself before its first is not counted.
    """
    return together(summaries(store, _some(store.measured(), most)))


def means(took: Mapping[str, Sums], names: Sequence[str]) -> dict[str, float]:
    """Return how long a task takes of each of these functions [s], {} if none of them was measured.

    Those that were not are taken to last as long as the mean of the others.
    """
    known = {name: took[name].mean for name in names if name in took and took[name].count}
    usual = sum(known.values()) / len(known) if known else 0.0
    return {name: known.get(name, usual) for name in names} if known else {}


def summaries(store: Store, lives: Iterable[str]) -> list[Summary]:
    """Return what each of these lives ran, without what was damaged; one read each."""
    found = (_first(store, life) for life in lives)
    return [summary for summary in found if summary]


def every(store: Store, submission: str = "") -> list[Columns]:
    """Return all that lives measured, the earliest first; one read each.

    Args:
        submission: The token of the one whose workers are meant, "" for all workers.
    """
    lives = [life for life in store.measured() if not submission or _is_of(life, submission)]
    found = (_whole(store, life) for life in lives)
    return sorted((one for one in found if one), key=lambda one: (one.summary.begun, one.summary.life))


@dataclass(frozen=True)
class Ran:
    """How a task was run that ended well.

    Attributes:
        life, host: By whom, and where.
        ended: When, by its host's clock [Unix s].
        wall, cpu: Its time, and the processor's [s].
        peak: The most memory that the process had meanwhile [bytes], 0 if it ran in a batch.
    """

    life: str
    host: str
    ended: float
    wall: float
    cpu: float
    peak: int


def ran(store: Store, digests: Iterable[str]) -> dict[str, Ran]:
    """Return by digest how tasks were run last, as far as they are among the longest of a life; a read each life."""
    wanted = {digest[:SHORTENED]: digest for digest in digests}
    found = dict[str, Ran]()
    for one in every(store) if wanted else ():
        for place, (_, start, wall, cpu, peak, failed) in enumerate(one.tasks.T.tolist()):
            if not failed and (digest := wanted.get(one.digest(place))):
                ended = one.summary.begun + start + wall
                found[digest] = Ran(one.summary.life, one.summary.host, ended, wall, cpu, int(peak))
    return found


def _some(lives: list[str], most: int) -> list[str]:
    """Return the same `most` of many each time."""
    return lives if len(lives) <= most else random.Random(most).sample(sorted(lives), most)


def _is_of(life: str, submission: str) -> bool:
    ref = ElementRef.of_life(life)
    return ref is not None and ref.submission == submission


def _first(store: Store, life: str) -> Summary | None:
    for limit in (FIRST, LARGEST, LARGEST):
        if found := decode_summary(store.measures(life, limit), life):
            return found
    return None


def _whole(store: Store, life: str) -> Columns | None:
    for _ in range(_TRIES):
        if found := decode(store.measures(life, LARGEST), life):
            return found
    return None
