"""Have a submission go on that nobody supervises any more: its supervisor was killed, or the machine rebooted."""

from __future__ import annotations

from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status.elements import Jobs
from jughpc.batch import federation
from jughpc.batch.causes import Cause
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import State, Status


def revive(site: Site, clusters: Clusters, number: int | None) -> Jobs | None:
    """Have submission `number`, by default the latest, go on; return it as it stood, None if nothing is wrong with it.

    Raises:
        JugdirError: There is none of that number.
        SchedulerError: Nobody could be found to supervise it.
    """
    jobs = submitted.find(site, clusters, number)
    if jobs is None or jobs.cancelled or not any(map(is_orphaned, known(jobs))):
        return None
    federation.revive(jobs.cluster, jobs.accepted)
    return jobs


def known(jobs: Jobs) -> tuple[Status, ...]:
    """Return how the elements and followers of a submission stand."""
    return (*jobs.poll.elements.values(), *jobs.poll.dependents.values())


def will_never_start(status: Status) -> bool:
    """Return whether something waits for a supervisor that is no more."""
    return is_orphaned(status) and status.state is State.STUCK


def is_orphaned(status: Status) -> bool:
    """Return whether something is neither over nor supervised."""
    return bool(status.why and status.why.cause is Cause.ORPHANED) and not status.state.ended
