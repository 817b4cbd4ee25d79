"""End a submission."""

from __future__ import annotations

from collections.abc import Sequence

from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.batch.clusters import Clusters
from jughpc.batch.settling import cancel as cancel_all
from jughpc.batch.submissions import Accepted
from jughpc.errors import UsageError
from jughpc.fs import OsFiles


def cancel(target: Target, clusters: Clusters, number: int | None) -> Sequence[Accepted]:
    """End array, collector and reduce; return them. Raises UsageError if there is no such submission."""
    jobs = submitted.find(target.location, clusters, number, ask=False)
    if jobs is None:
        raise UsageError(f"nothing was submitted from {target.location}, so there is nothing to cancel.")
    return cancel_all(jobs.cluster, OsFiles(target.location.folder()), jobs.submission)
