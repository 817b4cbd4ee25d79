"""That no reduce waits for a collector which will not end well."""

from __future__ import annotations

from contextlib import suppress

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status import followers
from jughpc.app.submit.followed import reduce_after
from jughpc.batch.clusters import Clusters
from jughpc.batch.submissions import Accepted
from jughpc.errors import JugError


def withdraw_reduce(site: Site, clusters: Clusters, number: int, collector: str) -> None:
    """Withdraw the reduce that waits for this very collector to end well, which it will not."""
    with suppress(JugError, OSError):  # whoever comes next sees that it can never start, and does the same
        jobs, files = submitted.find(site, clusters, number, ask=False), site.files
        if jobs is None or files is None or jobs.cancelled:
            return
        mine = reduce_after(files, jobs.submission, collector)
        if mine is None or mine.withdrawn or not isinstance(mine.outcome, Accepted):
            return
        if words := followers.withdraw(jobs, files, [mine.outcome]):
            site.say(f"the reduce could not be withdrawn yet: {words}")
