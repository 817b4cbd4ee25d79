"""How fast the live workers are, what is left to do, and when it may be done: as far as that can be known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jughpc.app.status.tasks import ACTIVE, COMPLETE, FAILED, READY, WAITING, Mask, Standing
from jughpc.store.measures import Sums
from jughpc.store.record import Record

FEWEST = 5
"""Tasks that the live workers must have finished before anything is said of how fast they are."""

_DOUBT = 2.0  # how far two ways to tell the time of a task may be apart
_HALF = 0.5  # of what the live workers finished; so many tasks must have ended of the functions that are left
_ROUNDS = 50  # of tasks that wait for tasks that wait; a longer chain is counted no further


@dataclass(frozen=True)
class Outlook:
    """What is to be expected.

    Attributes:
        workers: How many live.
        finished: Tasks that they finished in their lives, well or not.
        each: A worker's time for one of these, waits included [s]; None if too little is known.
        left: Tasks that can be run, or will be.
        blocked: Tasks that wait for one that failed, at least so many; they are not `left`.
        unknown: The names of functions with tasks left, of which none was ever finished.
        eta: The time until all that is left is done, but for the tasks of `unknown` [s]; None if it cannot be told.
        why: Why it cannot, in words; "" if it can, or nothing is left.
        is_by_tasks: Whether the ETA rests on what such tasks took, whoever ran them, and not on the live workers' pace.
    """

    workers: int
    finished: int
    each: float | None
    left: int
    blocked: int
    unknown: Sequence[str] = ()
    eta: float | None = None
    why: str = ""
    is_by_tasks: bool = False

    @property
    def rate(self) -> float | None:
        """Tasks that the live workers finish in a second, together."""
        return self.workers / self.each if self.each else None


@dataclass(frozen=True)
class Crew:
    """Workers that run the functions of one class.

    Attributes:
        name: Of the class.
        workers: How many live.
    """

    name: str
    workers: int


def outlook(
    standing: Standing, took: Mapping[str, Sums] | None = None, crews: Mapping[str, Crew] | None = None
) -> Outlook:
    """Return what is to be expected of what `standing` shows, by the records of its workers.

    Only their own clocks are asked, each for a time that has passed on it.

    Args:
        took: What tasks took by function, as far as that was measured; heard where the records do not tell enough.
        crews: Who runs the tasks of each function, if not all run any.
    """
    blocked = _blocked(standing)
    state = standing.state
    left = ((state == READY) | (state == ACTIVE) | (state == WAITING)) & ~blocked
    finished = sum(record.done + record.failed for record in standing.workers)
    each = _each(standing.workers, finished)
    unknown, ended = _known(standing, left)
    found = Outlook(
        len(standing.workers), finished, each, int(np.count_nonzero(left)), int(np.count_nonzero(blocked)), unknown
    )
    if crews and found.left and found.workers:
        return _by_crews(standing, left, found, took or {}, crews)
    counted = found.left - sum(_left_of(standing, left, name) for name in unknown)
    why = _why_not(found, counted, ended)
    if why:
        return _by_tasks(standing, left, replace(found, why=why), took or {})
    return replace(found, eta=each * max(1.0, counted / found.workers)) if each and found.left else found


def _by_tasks(standing: Standing, left: Mask, found: Outlook, took: Mapping[str, Sums]) -> Outlook:
    """Return `found` with an ETA that rests on what tasks took, if enough were measured of each function that is left.

    But for those of which there is none at all: these are named. What workers will wait for is not in it.
    """
    names = standing.manifest.names
    counts = np.bincount(standing.manifest.kinds[left], minlength=len(names))
    each = {name: took[name] if name in took else Sums() for name, count in zip(names, counts, strict=True) if count}
    known = {name: sums.mean for name, sums in each.items() if sums.count}
    if not found.workers or not known or any(0 < sums.count < FEWEST for sums in each.values()):
        return found
    if _surprising(standing.workers, took):
        return found
    work = sum(known[name] * int(count) for name, count in zip(names, counts, strict=True) if name in known)
    unknown = [name for name in each if name not in known]
    eta = max(work / found.workers, *known.values())
    return replace(found, eta=eta, unknown=unknown, why="", is_by_tasks=True)


def _by_crews(
    standing: Standing, left: Mask, found: Outlook, took: Mapping[str, Sums], crews: Mapping[str, Crew]
) -> Outlook:
    """Return `found` with the ETA of that crew which needs longest, by what tasks took."""
    names = standing.manifest.names
    counts = dict(zip(names, np.bincount(standing.manifest.kinds[left], minlength=len(names)).tolist(), strict=True))
    some = [name for name, count in counts.items() if count]
    known = {name: took[name].mean for name in some if name in took and took[name].count}
    if idle := [name for name in some if not crews[name].workers]:
        return replace(found, why=f"nobody who runs {', '.join(idle)} has begun")
    if not known:
        return replace(found, why=f"too little is known yet of {', '.join(some)}")
    work = dict.fromkeys(crews.values(), 0.0)
    for name, mean in known.items():
        work[crews[name]] += mean * counts[name]
    eta = max(*(amount / crew.workers for crew, amount in work.items() if amount), *known.values())
    return replace(found, eta=eta, unknown=[name for name in some if name not in known], is_by_tasks=True)


def lost(dead: Sequence[Record]) -> float:
    """Return the time that dead workers had spent on what they had in hand, as far as they said [s]."""
    return sum(max(0.0, record.beaten - record.since) for record in dead if record.task and record.since)


def _surprising(workers: Sequence[Record], took: Mapping[str, Sums]) -> bool:
    """Return whether most of what is in hand has taken longer by now than any such task that was measured."""
    in_hand = [record for record in workers if record.task and record.since]
    longer = [record for record in in_hand if lost([record]) > took.get(record.task, Sums(most=math.inf)).most]
    return 2 * len(longer) > len(in_hand)


def _why_not(found: Outlook, counted: int, ended: int) -> str:
    """Return why there can be no ETA, "" if there can, or nothing is left.

    Args:
        counted: The tasks left of which anything is known.
        ended: How many of their functions' tasks ended, whoever ran them: if those are few, what the live workers
            took their time for was mostly something else.
    """
    if not found.left:
        return ""
    if not found.workers:
        return "nobody works on it"
    if found.each is None:
        return f"too early to tell, {found.finished} tasks were finished by those who live"
    return "" if counted and ended >= _HALF * found.finished else f"too little is known yet of {_names(found)}"


def _each(workers: Sequence[Record], finished: int) -> float | None:
    """Return a worker's time for a task [s].

    What it spent so far on the task in hand belongs to no task that is finished, and to leave it out favours short
    tasks: the truth lies between, and where the two are far apart nothing is known.
    """
    whole = sum(max(0.0, record.beaten - record.begun) for record in workers)
    in_hand = lost(workers)
    least = whole - in_hand
    if finished < FEWEST or least <= 0 or whole > _DOUBT * least:
        return None
    return (whole + least) / 2 / finished


def _names(found: Outlook) -> str:
    return ", ".join(found.unknown[:3]) or "what is left"


def _known(standing: Standing, left: Mask) -> tuple[list[str], int]:
    """Return of which functions with tasks left nothing is known, and how many tasks of the others ended."""
    manifest, state = standing.manifest, standing.state
    count = len(manifest.names)
    ended = np.bincount(manifest.kinds[(state == COMPLETE) | (state == FAILED)], minlength=count)
    open_ = np.bincount(manifest.kinds[left], minlength=count) > 0
    unknown = [name for name, some, done in zip(manifest.names, open_, ended, strict=True) if some and not done]
    return unknown, int(ended[open_].sum())


def _left_of(standing: Standing, left: Mask, name: str) -> int:
    return int(np.count_nonzero(standing.manifest.kinds[left] == standing.manifest.names.index(name)))


def _blocked(standing: Standing) -> Mask:
    """Return which tasks wait for one that failed, or for one that does so."""
    stuck = standing.state == FAILED
    found = np.zeros(len(stuck), bool)
    if not stuck.any():
        return found
    for _ in range(_ROUNDS):
        more = standing.manifest.waiting(~stuck) & (standing.state == WAITING) & ~found
        if not more.any():
            break
        found |= more
        stuck = stuck | more
    return found
