"""What whoever comes next does for a submission that was left half queued or half cancelled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jughpc.batch import ends, federation, journal, lost, replacing, submissions
from jughpc.batch.cluster import Cluster
from jughpc.batch.federation import Wrong
from jughpc.batch.journal import Entry, Intent, Never
from jughpc.batch.scheduler import JobId
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import JugdirError, SchedulerError
from jughpc.fs import Files

LOOK = 10.0
"""How long a job is looked for that may have been queued [s]: two answers fit in."""

LONGEST_SUBMIT = 1200.0
"""After this long nobody waits any more for an answer about what he meant to queue [s]."""

LATER = "The next `jughpc status`, `submit` or `cancel` here finishes this."


@dataclass(frozen=True)
class Settled:
    """What came of settling a submission.

    Attributes:
        adopted: Jobs that were found and are on record now.
        open: Jobs of which it is not known whether they are, or will be, queued.
        trouble: Why not all could be done that was to be, "" if it was.
        elsewhere: The same of systems that elements were added on: no reason to despair of the submission's own.
    """

    adopted: Sequence[Accepted] = ()
    open: Sequence[Intent] = ()
    trouble: str = ""
    elsewhere: str = ""

    @property
    def every_trouble(self) -> str:
        """Both."""
        return "\n".join(filter(None, (self.trouble, self.elsewhere)))


def settle(cluster: Cluster, files: Files, submission: Submission) -> Settled:
    """Find out what came of each job that is on record as about to be queued, and end what is on record as to end.

    Costs no command where nothing is open. May be called at any time by anybody, beside others who do.
    """
    bare = lost.is_bare(files.names(submission.path)) and not submission.damage
    trouble = {cluster.name: [words] if bare and (words := lost.recover(cluster, files, submission)) else []}
    before = [entry for entry in journal.entries(files, submission) if entry.outcome is None]
    for entry in before:
        _add(trouble, _settle_one(cluster, files, submission, journal.wanted(submission, entry), entry))
    found = {entry.stem: entry.outcome for entry in journal.entries(files, submission)}
    adopted = [job for entry in before if isinstance(job := found.get(entry.stem), Accepted)]
    replacing.settle(files, submission, cluster.clock.wall() - LONGEST_SUBMIT)
    _add(trouble, _end_withdrawn(cluster, files, submission))
    if submissions.is_cancelled(files, submission) and not submissions.is_over(files, submission):
        _add(trouble, _end_all(cluster, files, submission))
    own = trouble.pop(cluster.name)
    others = [f"{name}: {words}" for name, some in trouble.items() for words in some]
    return Settled(adopted, journal.open_intents(files, submission), "\n".join(own), "\n".join(others))


def settle_all(files: Files, jugdir: Path, cluster_of: Callable[[Submission], Cluster]) -> dict[int, Settled]:
    """Settle each submission of the jugdir of which anything is open; return what came of it, by number.

    Costs a listing a submission, the records of those that may go on, and no command where nothing is open.
    """
    found = {}
    for number in submissions.numbers(files):
        names = files.names(f"{submissions.ROOT}/{number}")
        if not _is_open(names) and submissions.OVER in names:
            continue
        with suppress(JugdirError):  # one that is wholly unreadable is told when it is asked for
            submission = submissions.load(files, jugdir, number)
            if not submissions.is_own(submission):  # neither are its jobs looked for by name, nor can they be ended
                continue
            if _is_open(names) or lost.is_bare(names) or journal.damaged(files, submission):
                found[number] = settle(cluster_of(submission), files, submission)
    return found


def _is_open(names: Sequence[str]) -> bool:
    """Return whether the names of a submission's files show that there is something to settle."""
    told = {name for name in names if name.endswith((".json", ".gone"))}
    asked = {f"{name[:-7]}.json" for name in names if name.endswith(".intent")}
    ending = {f"{name[:-10]}.gone" for name in names if name.endswith(".withdrawn")}
    half_cancelled = submissions.CANCELLED in names and submissions.OVER not in names
    half_replaced = any(name.endswith(replacing.SUFFIX) for name in names)
    return half_cancelled or half_replaced or not asked | ending <= told


def cancel(cluster: Cluster, files: Files, submission: Submission) -> list[Accepted]:
    """End all jobs of `submission` and return them.

    What depends on the arrays goes first: it would start when they end.

    Raises:
        SchedulerError: Some could not be ended, as its text says; whoever settles the submission next tries again.
    """
    submissions.mark_cancelled(files, submission)
    settled = settle(cluster, files, submission)
    if trouble := settled.every_trouble:
        raise SchedulerError(f"Submission {submission.number} is being cancelled: {trouble}\n{LATER}")
    return journal.accepted(files, submission)[::-1]


def by_itself(cluster: Cluster, files: Files, submission: Submission, stem: str) -> JobId | None:
    """Return the id of a job by its own word, None if it gave none: it ended, and the system may have forgotten it."""
    end = ends.any_told(files, submission, stem)
    element = cluster.scheduler.element(end.owner) if end else None
    return element.job if element else None


def withdraw(cluster: Cluster, files: Files, submission: Submission, jobs: Sequence[Accepted]) -> str:
    """End `jobs`, while others of the submission go on; return what went wrong, "" if nothing did.

    It is on record first that they are to end, so that whoever settles the submission next finishes it.
    """
    journal.withdraw(files, submission, [journal.stem_of(job) for job in jobs])
    return "\n".join(words for some in _end_withdrawn(cluster, files, submission).values() for words in some)


def _add(trouble: dict[str, list[str]], wrong: Wrong) -> None:
    for name, words in wrong.items():
        trouble.setdefault(name, []).extend(words)


def _settle_one(cluster: Cluster, files: Files, submission: Submission, intent: Intent, entry: Entry) -> Wrong:
    """Settle a job that was about to be queued; return why that was not possible."""
    try:
        job_id = _found(cluster.beside(intent.scheduler), files, submission, intent, entry.stem)
    except SchedulerError as error:
        return {intent.scheduler: [str(error)]}
    if job_id:
        journal.settle_as(files, submission, entry.stem, intent.accepted(job_id))
    elif _given_up(cluster, files, submission, entry, intent):
        journal.settle_as(files, submission, entry.stem, Never("it was looked for by its name, and is not there"))
    return {}


def _found(cluster: Cluster, files: Files, submission: Submission, intent: Intent, stem: str) -> JobId | None:
    """Return the id of a job, None if there is none for certain. Raises SchedulerError."""
    if found := by_itself(cluster, files, submission, stem):
        return found
    if intent.scheduler != submission.scheduler and not cluster.is_in_reach:  # nor will it be while this looks again
        raise SchedulerError(f"its commands are not on this host; {intent.name} may have been queued there")
    return cluster.settle(intent.name, LOOK)


def _given_up(cluster: Cluster, files: Files, submission: Submission, entry: Entry, intent: Intent) -> bool:
    """Return whether nobody queues this any more, or takes it back himself when he sees that it is not wanted."""
    old = cluster.clock.wall() - intent.began > LONGEST_SUBMIT
    return old or entry.withdrawn or submissions.is_cancelled(files, submission)


def _end_withdrawn(cluster: Cluster, files: Files, submission: Submission) -> Wrong:
    """End what is to end by itself; return what went wrong."""
    waiting = [entry for entry in journal.entries(files, submission) if entry.withdrawn and not entry.gone]
    jobs = [entry.outcome for entry in waiting if isinstance(entry.outcome, Accepted)]
    wrong = federation.cancel(cluster, jobs[::-1])
    held = {journal.stem_of(job) for job in jobs if (job.scheduler or cluster.name) in wrong}
    journal.mark_gone(files, submission, [entry.stem for entry in waiting if entry.outcome and entry.stem not in held])
    return wrong


def _end_all(cluster: Cluster, files: Files, submission: Submission) -> Wrong:
    done: list[Accepted] = []
    while jobs := [job for job in reversed(journal.accepted(files, submission)) if job not in done]:
        if wrong := federation.cancel(cluster, jobs):
            return wrong
        done += jobs  # and once more: a collector may just have queued another array
    if not journal.open_intents(files, submission):
        submissions.mark_over(files, submission)
    return {}
