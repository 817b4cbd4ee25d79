"""All that a person's look shows: the report, what went wrong most often, what is to be expected, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from jughpc.app.context.site import Site
from jughpc.app.status.alike import Alike, alike
from jughpc.app.status.measured import by_function
from jughpc.app.status.outlook import Outlook, lost, outlook
from jughpc.app.status.report import Report
from jughpc.app.status.step import Step, next_step
from jughpc.app.status.tasks import Standing
from jughpc.store.failure import Failure
from jughpc.store.measures import Sums

MOST_READ = 200
"""Failures that one look reads, a file each."""

LIVES = 16
"""Lives that one look reads the measurements of, a file each."""


@dataclass(frozen=True)
class Overview:
    """What `status` shows.

    Attributes:
        when: When the look was done [Unix s].
        worst: Failures that are alike, the most frequent first.
        read: How many failures were read for that.
        lost: What dead workers had spent on tasks in hand [s].
        took: What tasks took by function, as some of the workers measured it.
    """

    report: Report
    when: float
    outlook: Outlook
    worst: Sequence[Alike]
    read: int
    lost: float
    step: Step
    took: Mapping[str, Sums] = field(default_factory=dict)


def overview(site: Site, report: Report, former: Overview | None = None) -> Overview:
    """Return all that is to be shown of `report`; reads the failures of at most MOST_READ tasks.

    Args:
        former: An earlier look, whose failures are not read again if none came or went.
    """
    if former and former.report.standing.failed() == report.standing.failed():
        worst, read = former.worst, former.read
    else:
        failures = read_failures(site, report.standing)
        worst, read = alike(failures), len(failures)
    took = _took(site)
    return Overview(
        report,
        site.clock.wall(),
        _ahead(report, took),
        worst,
        read,
        lost(report.standing.dead),
        next_step(report),
        took,
    )


def expected(site: Site, report: Report) -> Outlook:
    """Return what is to be expected of what `report` shows, by the one rule that there is for it."""
    return _ahead(report, _took(site))


def _ahead(report: Report, took: Mapping[str, Sums]) -> Outlook:
    """Return what is to be expected; there is no ETA while what is ready has no element that runs it."""
    found = outlook(report.standing, took, report.crews)
    if not report.unserved:
        return found
    return replace(found, eta=None, is_by_tasks=False, why=f"no element runs {' or '.join(report.unserved)} yet")


def _took(site: Site) -> dict[str, Sums]:
    store = site.store()
    return by_function(store, LIVES) if store else {}


def read_failures(site: Site, standing: Standing) -> list[Failure]:
    """Return what went wrong with the first MOST_READ of the tasks that failed; one read each."""
    failed = standing.failed()[:MOST_READ]
    store = site.store() if failed else None
    return [failure for digest in failed if store and (failure := store.failure(digest))]
