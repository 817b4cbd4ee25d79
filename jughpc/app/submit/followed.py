"""That a collector does not end before the reduce that waits for it is queued."""

from __future__ import annotations

from jughpc.app.context.site import Site
from jughpc.app.status import followers
from jughpc.backoff import Backoff
from jughpc.batch import journal, submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.journal import Entry, Never
from jughpc.batch.scheduler import Role
from jughpc.fs import Files

_FIRST, _LONGEST = 0.5, 15.0  # [s] between two looks


def wait_for_reduce(site: Site, clusters: Clusters, number: int, until: float | None) -> None:
    """Return once the reduce that waits for this job is on record, or whoever queues it must have died.

    A system that has forgotten this job lets what comes to wait for it never start, or start at once.

    Args:
        until: When this job has to end [Unix s], None for never.
    """
    if (files := site.files) is None:
        return
    pauses, end = Backoff(_FIRST, _LONGEST), site.clock.now() + clusters.order + clusters.patience
    while not _is_queued(site, files, number) and site.clock.now() < end:
        if until is not None and site.clock.wall() > until:
            return
        site.clock.sleep(pauses.next())


def _is_queued(site: Site, files: Files, number: int) -> bool:
    """Return whether each collector of a submission has its reduce, or is to have none."""
    submission = submissions.load(files, site.location.folder(), number)
    if submissions.is_cancelled(files, submission) or followers.reduce_of(submission) is None:
        return True
    entries = journal.entries(files, submission)
    collectors = sum(_is(entry, Role.COLLECT) and not _is_given_up(entry) for entry in entries)
    reduces = sum(_is(entry, Role.REDUCE) and entry.outcome is not None for entry in entries)
    return reduces >= collectors


def _is(entry: Entry, role: Role) -> bool:
    return entry.stem.endswith(f"-{role.value}")


def _is_given_up(entry: Entry) -> bool:
    return entry.withdrawn or isinstance(entry.outcome, Never)
