"""Deaths of workers that tasks are to blame for: written down by who takes over, and added up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from jughpc.store.base import Claim, View
from jughpc.store.death import Death, of_holder, of_task
from jughpc.store.record import DIED, TIME, TOLD, UNKNOWN, ElementRef, Record
from jughpc.tasks.task import Task
from jughpc.worker.context import WorkerContext
from jughpc.worker.deadline import MARGIN
from jughpc.worker.run_task import Trouble
from jughpc.worker.stops import AT_ONCE

_ONCE_MORE = "once that is mended, `jughpc failures --retry-failed` lets it run again"


class Deaths:
    """What a worker finds out about deaths under the claims that it takes over."""

    def __init__(self, context: WorkerContext) -> None:
        self._context, self._store = context, context.store
        self._is_early = context.options.is_early(context.clock.wall())
        self._judged: set[tuple[int, bytes, int]] = set()  # claims of the dead that nothing is left to learn of

    def write_down(self, claim: Claim, view: View) -> None:
        """Write down which tasks killed those who held what `claim` is on before, and never let go.

        Args:
            view: Made after the claim was won.
        """
        for generation in view.superseded(claim):
            place = (claim.shard, claim.key, generation)
            if place in self._judged:
                continue
            death = self._store.death_at(*place)
            is_known = death and death.life in view.deaths.get(death.digest, ())
            if death and not is_known and not self._is_over_otherwise(death):
                self._store.bury(death)
            self._judged.add(place)

    def too_many(self, digest: bytes) -> Trouble | None:
        """Return the story of a task that killed as many workers as it may, None if fewer are left at a closer look."""
        records = self._store.records()
        deaths = [self._witnessed(death, records) for death in self._store.deaths(digest)]
        innocent = acquitted(deaths, records, self._store.ended())
        for death in innocent:
            self._store.acquit(digest, death.life)
        guilty = [death for death in deaths if death not in innocent]
        return story(guilty) if len(guilty) >= self._context.options.max_crashes else None

    def broken_off(self, task: Task[object], is_first: bool) -> None:
        """Write down that a task was broken off at the element's time limit, if it had all of the element's time."""
        context, deadline = self._context, self._context.options.deadline
        if not (is_first and self._is_early) or deadline is None or context.stops.signal not in AT_ONCE:
            return
        if context.clock.wall() > deadline - MARGIN:
            with suppress(OSError):  # it will be met again
                context.store.bare.bury(of_task(context.lease.record, task.digest, context.clock.wall()))

    def _witnessed(self, death: Death, records: Iterable[Record]) -> Death:
        """Return a death as who saw it told, if that was after somebody found the process gone."""
        said = (record for record in records if record.life == death.life and record.state == DIED)
        if death.how != UNKNOWN or not (last := next(said, None)) or not (better := of_holder(last, death.digest)):
            return death
        if better != death:
            self._store.bury(better)
        return better

    def _is_over_otherwise(self, death: Death) -> bool:
        """Return whether this very element was started anew since: what ended it before was its scheduler."""
        own = self._context.lease.record.ref
        return death.how == UNKNOWN and own is not None and _is_later(own, death)


def acquitted(deaths: Sequence[Death], records: Sequence[Record], ended: Iterable[str]) -> list[Death]:
    """Return those of `deaths` whose life went on and ended well, or whose element was ended or started anew."""
    well = set(ended)
    well |= {record.life for record in records if record.state == DIED and record.how == TOLD}
    lives = [record.life for record in records] + list(well)
    refs = [ref for life in lives if (ref := ElementRef.of_life(life))]
    unsure = (death for death in deaths if death.how == UNKNOWN)
    return [death for death in unsure if death.life in well or any(_is_later(ref, death) for ref in refs)]


def story(deaths: Sequence[Death]) -> Trouble:
    """Return what there is to tell of a task on which workers died, one at least: the latest in the words."""
    last, count = deaths[-1], len(deaths)
    what = "met the time limit with it" if all(death.how == TIME for death in deaths) else "died while they ran it"
    words = f"{count} workers {what}" if count > 1 else f"a worker {what.replace('they', 'it')}"
    trace = "\n".join(f"  {number}. {death}" for number, death in enumerate(deaths, 1))
    words += f", the last on {last.host or 'an unknown host'}: {last.words}; {_ONCE_MORE}"
    return Trouble(words, trace, deaths=count, where=last)


def _is_later(ref: ElementRef, death: Death) -> bool:
    return (ref.submission, ref.element) == (death.submission, death.element) and ref.run > death.run
