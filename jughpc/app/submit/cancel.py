"""End submissions."""

from __future__ import annotations

from collections.abc import Sequence

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status.elements import Jobs
from jughpc.app.submit import live, revive
from jughpc.batch.clusters import Clusters
from jughpc.batch.settling import cancel as cancel_all
from jughpc.batch.submissions import Accepted
from jughpc.errors import SchedulerError, UsageError


def cancel(site: Site, clusters: Clusters, number: int | None) -> Sequence[Accepted]:
    """End array, collector and reduce of a submission, by default of all that go on.

    Return the jobs; [] if none ran, nor was to: nobody starts what waits once its supervisor is gone.

    Raises:
        JugdirError: There is no submission of that number.
        UsageError: It is another user's.
        SchedulerError: Some could not be ended yet; the next command finishes it.
    """
    ended, wrong = list[Accepted](), list[str]()
    for jobs in _meant(site, clusters, number):
        if (files := site.files) is not None:
            try:
                cancelled = cancel_all(jobs.cluster, files, jobs.submission)
                ended += [] if _is_over(jobs) else cancelled
            except SchedulerError as error:
                wrong.append(str(error))
    if wrong:
        raise SchedulerError("\n".join(wrong))
    return ended


def _meant(site: Site, clusters: Clusters, number: int | None) -> Sequence[Jobs]:
    if number is None:
        found = live.live(site, clusters)
        for jobs in found:
            if jobs.cluster.owner:
                site.say(f"submission {jobs.submission.number} is {jobs.cluster.owner}'s to end, and stays")
        return [jobs for jobs in found if not jobs.cluster.owner]
    one = submitted.find(site, clusters, number)
    if one and one.cluster.owner:
        raise UsageError(f"submission {number} is {one.cluster.owner}'s to end: nothing of it was touched.")
    return [one] if one else []


def _is_over(jobs: Jobs) -> bool:
    found = revive.known(jobs)
    return bool(found) and all(status.state.ended or revive.will_never_start(status) for status in found)
