"""A submission as its jobs and its workers tell of it: the one place where both words are heard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from jughpc.app.context.site import Site
from jughpc.batch import federation, journal, lost, settling, standing, submissions, withdraw
from jughpc.batch.cluster import Cluster, Poll
from jughpc.batch.clusters import Clusters
from jughpc.batch.scheduler import Role, State, Status
from jughpc.batch.settling import Settled
from jughpc.batch.submissions import Accepted, Submission
from jughpc.errors import CommandMissingError, JugError
from jughpc.fs import Files
from jughpc.store.record import ALIVE, ElementRef, Record


@dataclass(frozen=True)
class Jobs:
    """A submission, its jobs, and the scheduler's word on them.

    Attributes:
        cluster: The system that it was given to.
        accepted: Its jobs that were queued.
        taken_back: The names of those among them that are to end, while others go on.
        poll: What the scheduler says, empty if it could not be asked.
        trouble: Why it could not be asked, "" if it could.
        trouble_elsewhere: What could not be done on systems that elements were added on, "" if nothing was to be.
        cancelled: Whether the submission is to end.
        is_out_of_reach: Whether its commands are not even there.
        withdrawn: Whether its elements that had not started are not needed any more.
        not_needed: The names of those of its arrays whose elements that had not started are not needed any more.
        open: How many jobs of it may be queued, or not: nobody could find out.
    """

    submission: Submission
    cluster: Cluster
    accepted: Sequence[Accepted]
    poll: Poll = field(default_factory=Poll)
    trouble: str = ""
    trouble_elsewhere: str = ""
    is_out_of_reach: bool = False
    cancelled: bool = False
    withdrawn: bool = False
    open: int = 0
    taken_back: Set[str] = frozenset()
    not_needed: Set[str] = frozenset()

    @property
    def elsewhere(self) -> list[int]:
        """The numbers of the elements that were added on another system than the submission's own."""
        return journal.numbers([job for job in self.accepted if federation.is_elsewhere(self.submission, job)])

    @property
    def away(self) -> list[str]:
        """Why not all is known, or done, of elements on other systems, a line each."""
        known = "{} cannot be asked here; of its elements this is what the store knows. {}"
        told = [known.format(name, why) for name, why in self.poll.silent.items()]
        return [*told, *self.trouble_elsewhere.splitlines()]

    def without(self, elements: Set[int]) -> Jobs:
        """Return the same without these elements, all of an array each."""
        jobs = [job for job in self.accepted if job.role is not Role.ARRAY or job.offset not in elements]
        left = {number: status for number, status in self.poll.elements.items() if number not in elements}
        return replace(self, accepted=jobs, poll=replace(self.poll, elements=left)) if elements else self


def find(site: Site, clusters: Clusters, number: int | None = None, ask: bool = True) -> Jobs | None:
    """Return submission `number` of the site's jugdir, by default the latest; None if there is none.

    Args:
        ask: Ask the scheduler, by one command.
    Raises:
        JugdirError: There is none of that number.
    """
    if (files := site.files) is None:
        return None
    folder = site.location.folder()
    before = submissions.latest(files, folder) if number is None else None
    if number is None and before is None:
        return None  # nor is anything to be settled
    found = settle(files, folder, clusters) if ask else {}
    submission = before if before and not found else _recorded(files, folder, number)  # it may have found lost jobs
    if submission is None:
        return None
    if lost.is_marked(files, submission) and not submission.damage:
        submission = replace(submission, damage=lost.DAMAGE)
    cluster = clusters.of(files, submission)
    cluster = cluster if submissions.is_own(submission) else cluster.of(submission.user)
    settled = found.get(submission.number, Settled())
    accepted, stems = journal.accepted(files, submission), withdraw.marks(files, submission.token)
    jobs = Jobs(
        submission,
        cluster,
        accepted,
        trouble=settled.trouble,
        trouble_elsewhere=settled.elsewhere,
        cancelled=submissions.is_cancelled(files, submission),
        withdrawn="" in stems,
        open=len(settled.open),
        taken_back=journal.taken_back(files, submission),
        not_needed={job.name for job in accepted if journal.stem_of(job) in stems},
    )
    return _asked(jobs, files) if ask else jobs


def _recorded(files: Files, folder: Path, number: int | None) -> Submission | None:
    return submissions.latest(files, folder) if number is None else submissions.load(files, folder, number)


def settle(files: Files, folder: Path, clusters: Clusters) -> dict[int, Settled]:
    """Finish what any command left half done in this jugdir; return what is still open, by submission."""
    return settling.settle_all(files, folder, partial(clusters.of, files))


def _asked(jobs: Jobs, files: Files) -> Jobs:
    """Return `jobs` with the scheduler's word of now; where it is silent, with what is on record."""
    about = (jobs.cluster, files, jobs.submission, jobs.accepted)
    try:
        return replace(jobs, poll=standing.stand(*about))
    except JugError as error:
        missing = isinstance(error, CommandMissingError)
        return replace(jobs, poll=standing.remembered(*about), trouble=str(error), is_out_of_reach=missing)


def goes_on(jobs: Jobs) -> bool:
    """Return whether anything of a submission is queued or runs, or may for all that can be found out."""
    if jobs.cancelled:
        return False
    known = (*jobs.poll.elements.values(), *jobs.poll.dependents.values())
    return bool(jobs.trouble or jobs.open or jobs.poll.unheard) or any(not status.state.ended for status in known)


def dead_by_scheduler(jobs: Jobs, records: Sequence[Record], *, is_of_now: bool = True) -> dict[str, str]:
    """Return the lives whose element the scheduler says is over, each with its words.

    Args:
        is_of_now: Whether it said so just now; what was queued a while ago may run by now.
    """
    ours = [(record, ref) for record in records if (ref := record.ref) and ref.submission == jobs.submission.token]
    latest: dict[int, int] = {}
    for _, ref in ours:
        latest[ref.element] = max(ref.run, latest.get(ref.element, 0))
    found = {}
    for record, ref in ours:
        status, started_again = jobs.poll.elements.get(ref.element), ref.run < latest[ref.element]
        if status and not (is_of_now or status.state.ended):
            continue
        if record.state == ALIVE and (words := _why_over(status, started_again)):
            found[record.life] = f"the scheduler {words}"
    return found


def _why_over(status: Status | None, started_again: bool) -> str:
    if status is None:
        return ""
    if status.state.ended:
        return f"says that its element has {status.state.value}" + (f" ({status.reason})" if status.reason else "")
    if status.state is State.QUEUED:
        return "has put its element back into the queue"
    return "has started its element again" if started_again else ""


def elements(jobs: Jobs, records: Sequence[Record], ended: Sequence[str]) -> Counter[State]:
    """Return how many array elements are in each state."""
    return Counter(by_number(jobs, records, ended).values())


def by_number(jobs: Jobs, records: Sequence[Record], ended: Sequence[str]) -> dict[int, State]:
    """Return how each array element stands; the store speaks where the scheduler does not.

    One that it does not know, though it answered, does not run: who seems to by its record has stopped to beat. Of one
    whose system cannot be asked here, the store alone tells.

    Args:
        records: Of lives that go on or died.
        ended: Names of the lives that ended well.
    """
    token = jobs.submission.token
    ours: dict[int, list[Record]] = {}
    for record in records:
        if record.submission == token:
            ours.setdefault(record.element, []).append(record)
    over = {ref.element for life in ended if (ref := ElementRef.of_life(life)) and ref.submission == token}
    numbers = journal.numbers(jobs.accepted)
    found = {n: _of_element(jobs.poll.elements.get(n), ours.get(n, []), n in over) for n in numbers}
    heard = jobs.poll.elements.keys() | jobs.poll.unheard
    lost = [n for n, state in found.items() if state is State.RUNNING and n not in heard]
    return found if jobs.trouble else found | dict.fromkeys(lost, State.UNKNOWN)


def _of_element(known: Status | None, records: Sequence[Record], is_over: bool) -> State:
    """Return how an element stands.

    One whose workers ended in order did not fail, whatever its exit code, unless the scheduler knows why it did: it had
    no time left for another task, or met tasks that failed, which are counted as such.

    Args:
        records: Of its workers that live or died.
        is_over: Whether a worker of it ended in order.
    """
    by_store = _by_store(records, is_over)
    unexplained = known is not None and known.state is State.FAILED and known.why is None
    if known is None or (unexplained and by_store is State.DONE and not records):
        return by_store
    return known.state


_UNHEARD = (
    State.UNKNOWN, "the scheduler knows nothing of them, nor has any worker of theirs a record",
    "`jughpc resubmit` runs what is left",
)  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Elements that stand alike, for the same reason.

    Attributes:
        words: The reason in words, "" if there is nothing to explain.
        advice: What to do about it, "" if nothing is to be done.
        numbers: Theirs within the submission, ascending.
        in_hand: What those had in hand that ended badly, as far as a record says: task, and its digest's beginning.
    """

    state: State
    words: str
    advice: str
    numbers: Sequence[int]
    in_hand: Sequence[str] = ()


def groups(jobs: Jobs, states: Mapping[int, State], dead: Sequence[Record] = ()) -> list[Group]:
    """Return the elements that the scheduler, or a record, has a reason for, those of one reason together.

    Args:
        states: How each stands: an element of which nobody knows anything has that for a reason.
        dead: The records of who died.
    """
    found: dict[tuple[State, str, str], list[int]] = {}
    for number, status in sorted(jobs.poll.elements.items()):
        words, advice = (status.why.words, status.why.advice) if status.why else (status.reason, "")
        if words and states.get(number) is status.state:
            found.setdefault((status.state, words, advice), []).append(number)
    unknown = [n for n, state in states.items() if state is State.UNKNOWN and n not in jobs.poll.elements]
    if (unheard := [n for n in unknown if n not in jobs.poll.unheard]) and not jobs.trouble:
        found[_UNHEARD] = unheard
    if away := [n for n in unknown if n in jobs.poll.unheard]:
        found[State.UNKNOWN, f"{' and '.join(jobs.poll.silent)} cannot be asked here", ""] = away
    in_hand = _in_hand(jobs, dead)
    return [
        Group(*key, tuple(numbers), tuple(task for number in numbers for task in in_hand.get(number, ())))
        for key, numbers in found.items()
    ]


def _in_hand(jobs: Jobs, dead: Sequence[Record]) -> dict[int, list[str]]:
    """Return what the dead workers of each element had in hand."""
    found: dict[int, list[str]] = {}
    for record in dead:
        if record.task and record.submission == jobs.submission.token:
            found.setdefault(record.element, []).append(f"{record.task} ({record.digest[:8]})")
    return found


def of_elements(jobs: Jobs, lives: Sequence[str]) -> set[str]:
    """Return those of `lives` that were workers of this submission."""
    token = jobs.submission.token
    return {life for life in lives if (ref := ElementRef.of_life(life)) and ref.submission == token}


def _by_store(records: Sequence[Record], is_over: bool) -> State:
    """Return how an element stands by its workers alone: one of several may die, and another take its place."""
    if any(record.state == ALIVE for record in records):
        return State.RUNNING
    if records and not (is_over and all(record.worker for record in records)):
        return State.FAILED
    return State.DONE if is_over else State.UNKNOWN
