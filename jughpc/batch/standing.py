"""How the jobs of a submission stand: by the scheduler's word of now, else by what it or they said earlier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jughpc.batch import ends, federation, journal, last_words, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.poll import Key, Poll, view
from jughpc.batch.scheduler import Role, State, Status
from jughpc.batch.submissions import Accepted, Submission
from jughpc.fs import Files


def stand(cluster: Cluster, files: Files, submission: Submission, jobs: Sequence[Accepted]) -> Poll:
    """Return, as `statuses` does, how `jobs` stand, in the submission's own terms."""
    found, silent = statuses(cluster, files, submission, jobs)
    poll = view(journal.current(files, submission, jobs), found)
    away = [job for job in jobs if job.scheduler in silent and job.role is Role.ARRAY]
    unheard = {job.offset + place for job in away for place in range(job.size) if (job.name, place) not in found}
    return replace(poll, silent=silent, unheard=unheard)


def statuses(
    cluster: Cluster, files: Files, submission: Submission, jobs: Sequence[Accepted]
) -> tuple[dict[Key, Status], dict[str, str]]:
    """Return how `jobs` stand, all those that were accepted, and record each end that nobody recorded before.

    One command asks each scheduler; one more its accounting, if there is one, after what is nowhere on record. Behind
    that, why other systems than the submission's own did not answer, by name: of their jobs there is what is on record.

    Raises:
        SchedulerError: The submission's own did not answer; `remembered` tells what is on record.
    """
    now, silent = federation.statuses(cluster, jobs)
    clear = {key for key, status in now.items() if status.state not in (State.ENDED, State.UNKNOWN)}
    bare = {key for key in clear if now[key].state is State.FAILED and now[key].why is None}
    kept = ends.kept(files, submission, jobs, but=clear - bare)
    now |= {key: _explained(now[key], kept[key]) for key in bare & kept.keys()}
    now |= last_words.explained(cluster, files, submission, jobs, {key: now[key] for key in sorted(bare - kept.keys())})
    known = {**kept, **{key: now[key] for key in now if key in clear or key not in kept}}
    past = _past(cluster, [job for job in jobs if job.scheduler not in silent], known)
    known |= past
    _record(files, submission, jobs, {**{key: now[key] for key in clear}, **past}, kept)
    if _all_ended(jobs, known) and _are_all(files, submission, jobs):
        submissions.mark_over(files, submission)
        if not _are_all(files, submission, jobs):
            submissions.unmark_over(files, submission)
    return known, silent


def remembered(cluster: Cluster, files: Files, submission: Submission, jobs: Sequence[Accepted]) -> Poll:
    """Return what is on record of `jobs`; the scheduler is not asked."""
    return view(journal.current(files, submission, jobs), ends.kept(files, submission, jobs))


def _explained(status: Status, kept: Status) -> Status:
    """Return a failure that the scheduler has no reason for with that which the job or element itself gave."""
    return replace(kept, host=status.host or kept.host) if kept.state is State.FAILED else status


def _past(cluster: Cluster, jobs: Sequence[Accepted], known: Mapping[Key, Status]) -> Mapping[Key, Status]:
    """Return what the scheduler's accounting tells of elements of which nobody knows how they ended."""
    clear = {key for key, status in known.items() if status.state is not State.ENDED}
    missing = [job for job in jobs if any((job.name, place) not in clear for place in range(job.size))]
    found = federation.past(cluster, missing)  # none of one that is away, or where the site has none
    return {key: status for key, status in found.items() if key not in clear}


def _record(
    files: Files,
    submission: Submission,
    jobs: Sequence[Accepted],
    now: Mapping[Key, Status],
    kept: Mapping[Key, Status],
) -> None:
    for job in jobs:
        ended = {
            place: status
            for (name, place), status in now.items()
            if name == job.name and status.state.ended and kept.get((name, place)) != status
        }
        if ended:
            ends.keep(files, submission, job, ended)


def _are_all(files: Files, submission: Submission, jobs: Sequence[Accepted]) -> bool:
    """Return whether nothing but `jobs` was, or may have been, queued by now: a submit may go on meanwhile."""
    found = journal.entries(files, submission)
    names = {job.name for job in jobs}
    return all(
        entry.outcome.name in names if isinstance(entry.outcome, Accepted) else entry.outcome is not None
        for entry in found
    )


def _all_ended(jobs: Sequence[Accepted], known: Mapping[Key, Status]) -> bool:
    keys = [(job.name, place) for job in jobs for place in range(job.size)]
    return bool(keys) and all(key in known and known[key].state.ended for key in keys)
