"""Nodes on which elements end before they work, while others of the same submission work elsewhere.

A sign against a node is an element that ended there and never had a task: its setup, or its start, failed, which counts
for a collector and a reduce as well; or its worker died within a minute, with no task in hand; or it failed by the
scheduler's word and left not even a log.
One that found nothing left to do ended in order, which is no sign, nor is what time limits, people and preemption end.

A node is broken by two such elements, or by one whose setup failed, if nothing of the submission ever worked there. One
on which something worked is broken by two that ended there later. No node is, if nothing works anywhere else: then it
is not the nodes.

Elements that were added on another system are no signs, nor do they work elsewhere: its nodes are none that further
arrays could come to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from jughpc.app.status.elements import Jobs, dead_by_scheduler, of_elements
from jughpc.batch import avoided, ends, journal
from jughpc.batch.causes import Cause
from jughpc.batch.scheduler import Role, State, Status
from jughpc.batch.submissions import Accepted
from jughpc.fs import Files
from jughpc.store.base import Store
from jughpc.store.record import DIED, Record

SOON = 60.0  # [s] within which a worker that has had no task tells of its node by its death

_MOST_READ = 500  # ends: a thousand elements that fail alike are not read at each look

_PASSING = (Cause.USER, Cause.PREEMPTED, Cause.NODE_FAIL, Cause.REQUEUED, Cause.TIME_LIMIT, Cause.OUT_OF_MEMORY)
"""What ends an element and tells nothing of its node."""


@dataclass(frozen=True)
class BrokenNode:
    """A node that elements end on before they work.

    Attributes:
        host: As the scheduler calls it, as far as that is known.
        words: How many of them, and how the last one ended.
        elements: Their numbers within the submission; of what was found earlier none may be known any more.
        is_avoided: Whether an array was queued already that keeps off it.
    """

    host: str
    words: str
    elements: Sequence[int] = ()
    is_avoided: bool = False


@dataclass(frozen=True)
class _Sign:
    """That one element ended on a host before it worked.

    Attributes:
        element: Its number within the submission; below 0 for the jobs that follow arrays, each with its own.
        when: By that host's clock [Unix s], None if nobody knows.
        setup: Whether its setup, or its start, failed.
    """

    host: str
    element: int
    words: str
    when: float | None = None
    setup: bool = False


def broken(jobs: Jobs, files: Files, store: Store) -> list[BrokenNode]:
    """Return the nodes that further arrays of a submission are to keep off, by their names."""
    known = {avoided.short(host): (host, words) for host, words in avoided.recorded(files, jobs.submission).items()}
    earlier = {node: BrokenNode(host, words, (), True) for node, (host, words) in known.items()}
    found = {avoided.short(node.host): node for node in _found(jobs, files, store, known)}
    return [node for _, node in sorted((earlier | found).items())]


def keep_off(jobs: Jobs, files: Files, store: Store) -> dict[str, str]:
    """Return the nodes that are broken, each with the reason, and have it on record that further arrays avoid them."""
    hosts = {node.host: node.words for node in broken(jobs, files, store)}
    avoided.record(files, jobs.submission, hosts)
    return hosts


def _found(jobs: Jobs, files: Files, store: Store, known: Collection[str]) -> Iterator[BrokenNode]:
    if jobs.cluster.runs_here:  # there is one node, and nowhere else to go
        return
    away = frozenset(jobs.elsewhere)
    jobs = jobs.without(away)
    lives = _Lives(jobs, store, away)
    signs = defaultdict[str, list[_Sign]](list)
    for sign in _signs(jobs, files, lives):
        signs[avoided.short(sign.host)].append(sign)
    if not signs:
        return
    worked = lives.worked()
    for node, found in signs.items():
        later = [sign for sign in found if node not in worked or (sign.when or 0.0) > worked[node]]
        enough = len({sign.element for sign in later}) > 1 or any(sign.setup for sign in later if node not in worked)
        if enough and worked.keys() - {node}:
            host = _as_called(jobs, later)
            elements = sorted({sign.element for sign in later if sign.element >= 0})
            yield BrokenNode(host, _in_words(later), elements, node in known)


class _Lives:
    """The lives of a submission's elements, but for some by their numbers."""

    def __init__(self, jobs: Jobs, store: Store, but: Set[int]) -> None:
        self._store, token = store, jobs.submission.token
        self._ended = sorted(life for life in of_elements(jobs, store.ended()) if _element(life) not in but)
        found = [record for record in store.records() if record.submission == token and record.element not in but]
        over = dead_by_scheduler(jobs, found)
        self.records = [_as_it_is(record, over) for record in found]
        self.began = {record.element for record in self.records} | {_element(life) for life in self._ended}

    def worked(self) -> dict[str, float]:
        """Return where anything worked, and when last by the clock there [Unix s]."""
        found = dict[str, float]()
        for record in [*self.records, *self._store.ended_records(self._ended)]:
            if record.done or record.failed or record.digest or record.state != DIED:
                host = avoided.short(record.host)
                found[host] = max(record.beaten, found.get(host, 0.0))
        return found


def _signs(jobs: Jobs, files: Files, lives: _Lives) -> Iterator[_Sign]:
    first = {job.name: _first(job, order) for order, job in enumerate(jobs.accepted)}
    told = ends.before_work(files, jobs.submission, jobs.accepted, _MOST_READ)
    for (name, place), end in told.items():
        yield _Sign(end.host, first[name] + place, end.reason, end.when, setup=True)
    for record in lives.records:
        if _is_sign(record) and not _is_excused(jobs.poll.elements.get(record.element)):
            words = f"its worker died before it had a task: {record.reason or 'without a word'}"
            yield _Sign(record.host, record.element, words, record.beaten)
    yield from _silent(jobs, files, lives, {first[name] + place for name, place in told})


def _first(job: Accepted, order: int) -> int:
    """Return the number of a job's first element."""
    return job.offset if job.role is Role.ARRAY else -1 - order


def _silent(jobs: Jobs, files: Files, lives: _Lives, told: Collection[int]) -> Iterator[_Sign]:
    """Yield the elements that failed by the scheduler's word alone: not even their log was begun."""
    failed = {
        number: status
        for number, status in jobs.poll.elements.items()
        if status.state is State.FAILED and status.host and number not in lives.began and number not in told
    }
    logs = set(files.names(f"{jobs.submission.path}/logs")) if failed else set[str]()
    if not logs:  # a site's templates may write them elsewhere
        return
    indices = jobs.cluster.scheduler.capabilities.indices
    paths = journal.logs_of(jobs.submission, jobs.accepted, lambda job: indices(job.size))
    names = {number: path.name for number, path in paths}
    for number, status in failed.items():
        if names.get(number) not in logs and not _is_excused(status):
            yield _Sign(status.host, number, f"it never began: {status.reason or 'the scheduler gives no reason'}")


def _as_it_is(record: Record, over: Mapping[str, str]) -> Record:
    """Return a record that nobody could write the end of as one that has it: its whole element was killed."""
    return replace(record, state=DIED, reason=over[record.life]) if record.life in over else record


def _is_sign(record: Record) -> bool:
    idle = not (record.done or record.failed or record.digest)
    return record.state == DIED and idle and record.beaten - record.begun <= SOON


def _is_excused(status: Status | None) -> bool:
    """Return whether something else than its node ended an element, or it goes on, by the scheduler's word."""
    if status is None or status.state in (State.UNKNOWN, State.ENDED):
        return False
    return status.state is not State.FAILED or (status.why is not None and status.why.cause in _PASSING)


def _as_called(jobs: Jobs, signs: Sequence[_Sign]) -> str:
    """Return a node's name as the scheduler says it, else as it is most likely called."""
    elements: Mapping[int, Status] = jobs.poll.elements
    by_scheduler = (elements[sign.element].host for sign in signs if sign.element in elements)
    node = avoided.short(signs[-1].host)
    return next((host for host in by_scheduler if avoided.short(host) == node), node)


def _in_words(signs: Sequence[_Sign]) -> str:
    numbers = {sign.element for sign in signs}
    kind = "element" if min(numbers) >= 0 else "job"
    return f"{len(numbers)} {kind}{'s' if len(numbers) > 1 else ''} ended there before any work: {signs[-1].words}"


def _element(life: str) -> int:
    return int(life.split("-", 2)[1])
