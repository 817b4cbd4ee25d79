"""End a submission."""

from __future__ import annotations

from collections.abc import Sequence

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.batch.clusters import Clusters
from jughpc.batch.settling import cancel as cancel_all
from jughpc.batch.submissions import Accepted
from jughpc.errors import UsageError


def cancel(site: Site, clusters: Clusters, number: int | None) -> Sequence[Accepted]:
    """End array, collector and reduce; return them. Raises UsageError if there is no such submission."""
    jobs = submitted.find(site, clusters, number, ask=False)
    files = site.files
    if jobs is None or files is None:
        raise UsageError(f"nothing was submitted from {site.location}, so there is nothing to cancel.")
    return cancel_all(jobs.cluster, files, jobs.submission)
