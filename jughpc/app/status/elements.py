"""A submission as its jobs and its workers tell of it: the one place where both words are heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

from jughpc.batch import journal, settling, standing, submissions
from jughpc.batch.cluster import Cluster, Poll
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import State, Status
from jughpc.batch.settling import Settled
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import JugError
from jughpc.fs import Files
from jughpc.store.lease.identity import slug
from jughpc.store.location import Location
from jughpc.store.record import ALIVE, Record


@dataclass(frozen=True)
class Jobs:
    """A submission, its jobs, and the scheduler's word on them.

    Attributes:
        cluster: The system that it was given to.
        accepted: Its jobs that were queued.
        poll: What the scheduler says, empty if it could not be asked.
        trouble: Why it could not be asked, "" if it could.
        cancelled: Whether the submission is to end.
        open: How many jobs of it may be queued, or not: nobody could find out.
    """

    submission: Submission
    cluster: Cluster
    accepted: Sequence[Accepted]
    poll: Poll = field(default_factory=Poll)
    trouble: str = ""
    cancelled: bool = False
    open: int = 0


def find(location: Location, clusters: Clusters, number: int | None = None, ask: bool = True) -> Jobs | None:
    """Return submission `number` of the jugdir at `location`, by default the latest; None if there is none.

    Args:
        ask: Ask the scheduler, by one command.
    Raises:
        JugdirError: There is none of that number.
    """
    if (files := location.files()) is None:
        return None
    folder = location.folder()
    submission = submissions.latest(files, folder) if number is None else submissions.load(files, folder, number)
    if submission is None:
        return None
    cluster = clusters.recorded(submission.scheduler, submission.limits, submission.commands)
    settled = _settled(files, folder, clusters, submission) if ask else Settled()
    jobs = Jobs(
        submission,
        cluster,
        journal.accepted(files, submission),
        trouble=settled.trouble,
        cancelled=submissions.is_cancelled(files, submission),
        open=len(settled.open),
    )
    return _asked(jobs, files) if ask else jobs


def _settled(files: Files, folder: Path, clusters: Clusters, submission: Submission) -> Settled:
    """Finish what any command left half done in this jugdir; return what is still open of `submission`."""
    found = settling.settle_all(files, folder, lambda one: clusters.recorded(one.scheduler, one.limits, one.commands))
    return found.get(submission.number, Settled())


def _asked(jobs: Jobs, files: Files) -> Jobs:
    """Return `jobs` with the scheduler's word of now; where it is silent, with what is on record."""
    about = (jobs.cluster, files, jobs.submission, jobs.accepted)
    try:
        return replace(jobs, poll=standing.stand(*about))
    except JugError as error:
        return replace(jobs, poll=standing.remembered(*about), trouble=str(error))


def dead_by_scheduler(records: Sequence[Record], owners: Mapping[str, Status]) -> dict[str, str]:
    """Return the lives whose element the scheduler says is over, each with its words."""
    latest: dict[str, int] = {}
    for record in records:
        element, run = _element_and_run(record)
        latest[element] = max(run, latest.get(element, 0))
    found = {}
    for record in records:
        element, run = _element_and_run(record)
        if record.state == ALIVE and (words := _why_over(owners.get(element), run < latest[element])):
            found[record.life] = f"the scheduler {words}"
    return found


def _element_and_run(record: Record) -> tuple[str, int]:
    element, _, run = record.owner.rpartition(".")
    return (element, int(run)) if element and run.isdigit() else (record.owner, 0)


def _why_over(status: Status | None, started_again: bool) -> str:
    if status is None:
        return ""
    if status.state.ended:
        return f"says that its element has {status.state.value}" + (f" ({status.reason})" if status.reason else "")
    if status.state is State.QUEUED:
        return "has put its element back into the queue"
    return "has started its element again" if started_again else ""


def elements(jobs: Jobs, records: Sequence[Record], ended: Sequence[str]) -> Counter[State]:
    """Return how many array elements are in each state; the store speaks where the scheduler is silent.

    Args:
        records: Of lives that go on or died.
        ended: Names of the lives that ended well.
    """
    alive = {_element_and_run(record)[0]: record.state == ALIVE for record in records}
    over = {start for name in ended for start in _starts(name)}
    counts: Counter[State] = Counter()
    for number, owner in jobs.cluster.owners(jobs.accepted):
        counts[_of_element(jobs.poll.elements.get(number), _by_store(owner, alive, over))] += 1
    return counts


def _of_element(known: Status | None, by_store: State) -> State:
    """Return how an element stands.

    One whose worker ended in order did not fail, whatever its exit code: it had no time left for another task, or met
    tasks that failed, which are counted as such.
    """
    if known is None or (known.state is State.FAILED and by_store is State.DONE):
        return by_store
    return known.state


def of_elements(jobs: Jobs, lives: Sequence[str]) -> set[str]:
    """Return those of `lives` that were workers of this submission."""
    owners = {slug(owner) for _, owner in jobs.cluster.owners(jobs.accepted)}
    return {life for life in lives if not owners.isdisjoint(_starts(life))}


def _by_store(owner: str, alive: Mapping[str, bool], over: set[str]) -> State:
    if owner in alive:
        return State.RUNNING if alive[owner] else State.FAILED
    return State.DONE if slug(owner) in over else State.UNKNOWN


def _starts(life: str) -> Iterator[str]:
    """Yield what the name of a life may begin with: the slug of its owner is one of them."""
    return accumulate(life.split("-"), "{}-{}".format)
