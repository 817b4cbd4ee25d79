"""What a batch system wrote at the end of the log of what it ended: some tell that nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from jughpc.batch import journal
from jughpc.batch.causes import Why
from jughpc.batch.cluster import Cluster
from jughpc.batch.poll import Key
from jughpc.batch.scheduler import Status
from jughpc.batch.submissions import Accepted, Submission
from jughpc.fs import Files

_MOST = 100  # logs of a job that are looked at
_END = 4096  # [bytes] of each


def explained(
    cluster: Cluster, files: Files, submission: Submission, jobs: Sequence[Accepted], failed: Mapping[Key, Status]
) -> dict[Key, Status]:
    """Return those of `failed`, of which the system gave no reason, whose logs end with its reason."""
    found: dict[Key, Status] = {}
    for job in jobs:
        places = [place for name, place in failed if name == job.name][:_MOST]
        for place in places:
            if why := _why(cluster.beside(job.scheduler), files, submission, job, place):
                key = (job.name, place)
                found[key] = replace(failed[key], why=why)
    return found


def _why(cluster: Cluster, files: Files, submission: Submission, job: Accepted, place: int) -> Why | None:
    told = cluster.scheduler.capabilities
    if told.last_words is None:
        return None
    log = journal.log_of(submission, job, told.indices(job.size)[place])
    with suppress(OSError, ValueError):  # a site's templates may write them elsewhere
        end = bytes(files.map(f"{submission.path}/logs/{log.name}")[-_END:])
        return told.last_words.why(end.decode(errors="replace").splitlines())
    return None
