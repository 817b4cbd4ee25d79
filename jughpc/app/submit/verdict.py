"""How a collector, or who waits by hand, found that things ended, and what it says of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from jughpc.app.context.site import Site
from jughpc.app.status import followers
from jughpc.app.status.alike import alike
from jughpc.app.status.elements import Jobs
from jughpc.app.status.overview import read_failures
from jughpc.app.status.tasks import FAILED, WAITING, Standing, in_words
from jughpc.app.submit import notify
from jughpc.store.base import Observer
from jughpc.units import several

_SHOWN = 5  # kinds of failures, and deaths, that are told


class End(Enum):
    """Why waiting ended."""

    DONE = "all tasks are done"
    BLOCKED = "what is left failed, or waits for what failed"
    ALONE = "tasks are left and nobody works on them"
    SILENT = "tasks are left, nobody gives a sign of life, and the scheduler cannot be asked"
    LATE = "tasks are left, and the time of this job is over"
    BY_HAND = "tasks are left, and the elements were cancelled by hand"
    IN_VAIN = "tasks are left, and no element started: a job that they waited for (--after) did not end well"
    FULL = "tasks are left, and the system had no room for further jobs"
    UNREDUCED = "all tasks are done, and the reduce could not be queued"
    HANDED_OVER = "tasks are left, and further jobs go on with them"


GO_ON: Mapping[End, str] = {
    End.BLOCKED: "`jughpc failures` tells why; once that is mended, `jughpc submit` runs what is left.",
    End.SILENT: "Once the scheduler answers, `jughpc status` shows what it started; `jughpc submit` runs what is left.",
    End.BY_HAND: "No further ones are submitted in their place. `jughpc resubmit` goes on.",
    End.IN_VAIN: "Mend that job; `jughpc resubmit` then starts at once, `jughpc resubmit --after JOBID` after another.",
    End.UNREDUCED: "`jughpc submit` queues it: nothing else is left to run.",
    End.FULL: "Once other jobs of yours have ended, `jughpc resubmit` runs what is left.",
}
"""What to do about an end; submitting again is what helps else."""

_FINAL = (End.DONE, End.BLOCKED, End.ALONE, End.BY_HAND, End.IN_VAIN, End.FULL)
"""Ends after which nobody works on what is left, as far as can be known."""


@dataclass(frozen=True)
class Verdict:
    """What a wait ended with.

    Attributes:
        jobs: The submission that was waited for, None if there was none.
        observer: Who has watched the workers meanwhile, None for nobody.
    """

    end: End
    standing: Standing
    jobs: Jobs | None = None
    observer: Observer | None = None

    def news(self, wanted: str) -> str:
        """Return what whoever is to be told how all of it ended hears of that now; "" if others go on.

        Args:
            wanted: As `is_for_reduce` takes it.
        """
        has_reduce = self.jobs is not None and followers.reduce_of(self.jobs.submission) is not None
        if self.end is End.HANDED_OVER or (has_reduce and self.is_for_reduce(wanted)):
            return ""
        return notify.ALL_DONE if self.end is End.DONE else notify.NEEDS_YOU

    def is_for_reduce(self, wanted: str) -> bool:
        """Return whether a reduce may run now that is for all results (`done`), or takes what is there (`any`)."""
        if self.end is End.DONE:
            return True
        cancelled = self.jobs is not None and self.jobs.cancelled
        return wanted == "any" and self.end in _FINAL and not cancelled


def story(site: Site, verdict: Verdict) -> Iterator[str]:
    """Yield what is missing and why, a line each."""
    standing = verdict.standing
    yield f"{verdict.end.value}: {in_words(standing)}"
    if verdict.end in (End.DONE, End.HANDED_OVER):
        return
    kinds, failed = alike(read_failures(site, standing)), standing.count(FAILED)
    for one in kinds[:_SHOWN]:
        yield f"  {one}, on {one.first.host}"
    if left := failed - sum(map(len, kinds[:_SHOWN])):
        yield f"  ... and {left} more"
    if waiting := standing.count(WAITING):
        yield f"  {several(waiting, 'task')} wait{'s' if waiting == 1 else ''} for {'these' if failed > 1 else 'it'}"
    for record in standing.dead[:_SHOWN]:
        reason = record.reason or "without a word"
        yield f"  a worker on {record.host} died: {reason}; it ran {record.task or 'nothing'}"
    if verdict.jobs and verdict.jobs.trouble:
        yield f"  {verdict.jobs.trouble}"
    yield GO_ON.get(verdict.end, "Submit again to run what is left: what is done stays done.")
