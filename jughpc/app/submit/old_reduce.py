"""That no reduce waits for a collector which will not end well."""

from __future__ import annotations

from contextlib import suppress

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role
from jughpc.errors import JugError


def withdraw_reduce(site: Site, clusters: Clusters, number: int) -> None:
    """Withdraw the reduce that waits for this very job to end well, which it will not."""
    with suppress(JugError, OSError):  # whoever comes next sees that it can never start, and does the same
        jobs, files = submitted.find(site, clusters, number, ask=False), site.files
        if jobs is None or files is None or jobs.cancelled:
            return
        reduces = [job for job in jobs.accepted if job.role is Role.REDUCE]
        arrays = [place for place, job in enumerate(jobs.accepted) if job.role is Role.COLLECT]
        mine = [job for job in reduces if jobs.accepted.index(job) < arrays[-1] or len(arrays) == 1]
        if words := followers.withdraw(jobs, files, mine[-1:]):
            site.say(f"the reduce could not be withdrawn yet: {words}")
