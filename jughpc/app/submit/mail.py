"""That one mail tells how all of a submission ended: none from jobs whose place others take."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from jughpc.app.status import followers
from jughpc.app.submit.followed import reduce_after
from jughpc.app.submit.notify import MAIL
from jughpc.batch import journal
from jughpc.batch.cluster import Cluster
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import JugError
from jughpc.fs import Files


def unmail(cluster: Cluster, submission: Submission, jobs: Iterable[Accepted]) -> None:
    """Have no mail tell how these jobs end, if one was to; a system that refuses sends one more."""
    if submission.meta.get("notify") != MAIL:
        return
    names = {job.id: job.name for job in jobs if cluster.scheduler.capabilities.is_id(job.id)}
    for command in cluster.scheduler.unmail_commands(names):
        with suppress(JugError):
            cluster.order(command)


def unmail_last(cluster: Cluster, files: Files, submission: Submission, collector: str) -> None:
    """Have no mail tell how the last job ends that was queued with the collector of that stem, for others follow."""
    entry = reduce_after(files, submission, collector) if followers.reduce_of(submission) else None
    wanted = entry.stem if entry and not entry.withdrawn else collector
    found = [one.outcome for one in journal.entries(files, submission) if one.stem == wanted]
    unmail(cluster, submission, [job for job in found if isinstance(job, Accepted)])
