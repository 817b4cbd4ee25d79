"""The reduce that waits for a collector: the job that is queued right after it, by who queued it."""

from __future__ import annotations

from jughpc.app.context.site import Site
from jughpc.app.status import followers
from jughpc.backoff import Backoff
from jughpc.batch import journal, submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.journal import Entry, Never
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Submission
from jughpc.fs import Files

_FIRST, _LONGEST = 0.5, 15.0  # [s] between two looks


def latest_collector(files: Files, submission: Submission) -> str:
    """Return the stem of the collector that was queued last and is to stay, "" if there is none."""
    found = journal.entries(files, submission)
    return next((one.stem for one in reversed(found) if _is(one, Role.COLLECT) and not _is_given_up(one)), "")


def reduce_after(files: Files, submission: Submission, collector: str) -> Entry | None:
    """Return what is recorded of the reduce that waits for the collector of that stem, None if nothing is."""
    number = int(collector.partition("-")[0] or -1) + 1
    stem = f"{number}-{Role.REDUCE.value}"
    return next((one for one in journal.entries(files, submission) if one.stem == stem), None)


def wait_for_reduce(site: Site, clusters: Clusters, number: int, collector: str, until: float | None) -> None:
    """Return once the reduce that waits for this collector is on record, or whoever queues it must have died.

    A system that has forgotten this job lets what comes to wait for it never start, or start at once.

    Args:
        collector: The stem of this job.
        until: When this job has to end [Unix s], None for never.
    """
    if (files := site.files) is None:
        return
    pauses, end = Backoff(_FIRST, _LONGEST), site.clock.now() + clusters.order + clusters.patience
    while not _is_queued(site, files, number, collector) and site.clock.now() < end:
        if until is not None and site.clock.wall() > until:
            return
        site.clock.sleep(pauses.next())


def _is_queued(site: Site, files: Files, number: int, collector: str) -> bool:
    """Return whether a collector has its reduce, or is to have none."""
    submission = submissions.load(files, site.location.folder(), number)
    if submissions.is_cancelled(files, submission) or followers.reduce_of(submission) is None:
        return True
    reduce = reduce_after(files, submission, collector)
    return reduce is not None and reduce.outcome is not None


def _is(entry: Entry, role: Role) -> bool:
    return entry.stem.endswith(f"-{role.value}")


def _is_given_up(entry: Entry) -> bool:
    return entry.withdrawn or isinstance(entry.outcome, Never)
