"""End submissions."""

from __future__ import annotations

from collections.abc import Sequence

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status.elements import Jobs
from jughpc.app.submit import live
from jughpc.batch.clusters import Clusters
from jughpc.batch.settling import cancel as cancel_all
from jughpc.batch.submissions import Accepted
from jughpc.errors import SchedulerError


def cancel(site: Site, clusters: Clusters, number: int | None) -> Sequence[Accepted]:
    """End array, collector and reduce of a submission, by default of all that go on; return the jobs, [] for none.

    Raises:
        JugdirError: There is no submission of that number.
        SchedulerError: Some could not be ended yet; the next command finishes it.
    """
    ended, wrong = list[Accepted](), list[str]()
    for jobs in _meant(site, clusters, number):
        if (files := site.files) is not None:
            try:
                ended += cancel_all(jobs.cluster, files, jobs.submission)
            except SchedulerError as error:
                wrong.append(str(error))
    if wrong:
        raise SchedulerError("\n".join(wrong))
    return ended


def _meant(site: Site, clusters: Clusters, number: int | None) -> Sequence[Jobs]:
    if number is None:
        return live.live(site, clusters)
    jobs = submitted.find(site, clusters, number, ask=False)
    return [jobs] if jobs else []
