"""A collector after a collector: where elements on another system go on when this one's own time is over.

No job of the submission's own system can wait for those, so its collector starts once the arrays there have ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from jughpc.app.context.site import Site
from jughpc.app.status.elements import Jobs
from jughpc.app.status.tasks import Standing
from jughpc.app.submit import dependents
from jughpc.app.submit.fewer import as_many_as_fit
from jughpc.app.submit.mail import unmail_last
from jughpc.app.submit.old_reduce import withdraw_reduce
from jughpc.app.submit.progress import Progress
from jughpc.batch import journal, submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.plan import DependentJob
from jughpc.batch.scheduler import State
from jughpc.batch.submissions import Accepted
from jughpc.batch.submitter import Submitter
from jughpc.errors import JugError


def rounds_then(jobs: Jobs, standing: Standing, rounds: int) -> int | None:
    """Return the rounds of a collector that waits on in this one's place; None if it would wait for nobody.

    It has one less where nobody works, and that anybody will is only not known: so that comes to an end.
    """
    found = map(jobs.poll.elements.get, jobs.elsewhere)
    states = {status.state if status else State.UNKNOWN for status in found}  # what is cut off an answer has not ended
    if jobs.cancelled or all(state.ended for state in states):
        return None
    if standing.workers or {State.QUEUED, State.RUNNING} & states:
        return rounds
    return rounds - 1 if rounds else None


def relay(
    site: Site, clusters: Clusters, jobs: Jobs, collector: str, rounds: int, progress: Progress
) -> Sequence[Accepted]:
    """Queue a collector, and its reduce, that wait for no job; return them, none if that was not possible.

    Args:
        jobs: With a cluster that is waited for as long as there is time.
        collector: The stem of this one.
        rounds, progress: What the next one is told.
    """
    files, submission = site.files, jobs.submission
    if files is None or submissions.is_cancelled(files, submission):
        return []
    after = dependents.of_array(site.target, submission, rounds, progress)
    last = dependents.collector(site.target, submission, rounds, progress, last=True)

    def queue(some: Sequence[DependentJob], submitter: Submitter, _: int) -> list[Accepted]:
        return submitter.submit_alone(submission, some, journal.next_ordinal(files, submission))

    make_room = partial(withdraw_reduce, site, clusters, submission.number, collector)
    submitter = Submitter(jobs.cluster, files, site.say)
    try:
        accepted = as_many_as_fit(submitter, 1, partial(queue, after), make_room, partial(queue, [last]))
    except JugError as error:
        site.say(f"no collector could be queued that waits on: {error}")
        return []
    site.say("others wait on in its place: " + ", ".join(f"{job.role.value} {job.id}" for job in accepted))
    unmail_last(jobs.cluster, files, submission, collector)
    return accepted
