"""How a submission looks: its elements by state and reason, broken nodes, collector and reduce."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from jughpc.app.status.broken import BrokenNode
from jughpc.app.status.elements import Group, Jobs
from jughpc.app.status.followers import Told, reduce_of
from jughpc.app.status.report import Report
from jughpc.batch.federation import is_elsewhere
from jughpc.batch.journal import log_of
from jughpc.batch.scheduler import Role, State
from jughpc.batch.submissions import Accepted, Submission
from jughpc.cli.output.rows import BAD, BUSY, FAINT, GOOD, STRONG, Row, Span, row
from jughpc.units import ranges, several

_ANYTHING = "any function"  # what elements run where no class has been told to be theirs alone
_MOST_GROUPS = 8
_MOST_IN_HAND = 3  # tasks of a group
_LONGEST = 40  # [characters] of numbers of elements

_STYLES = {State.RUNNING: BUSY, State.DONE: GOOD, State.FAILED: BAD, State.STUCK: BAD}


def submission(report: Report, jobs: Jobs, *, full: bool = False) -> Iterator[Row]:
    """Yield all on the jobs of a submission."""
    made = jobs.submission
    arrays = [_array(made, job) for job in jobs.accepted if job.role is Role.ARRAY]
    ids = ", ".join(arrays) or "nothing queued"
    state = ", cancelled" if jobs.cancelled else ""
    head = f"Submission {made.number} on {made.scheduler} ({ids}{state})"
    yield Row(((head, STRONG), (f", logs in {made.folder}/logs", FAINT)))
    if made.damage:
        yield row(f"{made.damage} Its jobs are known all the same, and `jughpc cancel` ends them.", BAD, indent=2)
    yield _elements(report, jobs)
    yield from _classes(report, _words(jobs))
    every = [group for group in report.groups if group.state not in _words(jobs)]
    groups = every if full else every[:_MOST_GROUPS]
    for group in groups:
        yield from _group(group, full=full)
    if left := len(every) - len(groups):
        yield row(f"... and {several(left, 'reason')} more; --full shows them", FAINT, indent=4)
    for node in report.broken:
        yield from _broken(node)
    for role, told in report.followers.items():
        yield from _follower(report, jobs, role, told)
    if jobs.trouble:
        words = f"{made.scheduler} did not answer; this is what the store knows. {jobs.trouble}"
        yield row(words, BUSY, indent=2)
    yield from (row(words, BUSY, indent=2) for words in jobs.away)


def _array(made: Submission, job: Accepted) -> str:
    """Return an array's id, with what tells it from others."""
    where = f"on {job.scheduler}" if is_elsewhere(made, job) else ""
    return " ".join(filter(None, (job.id, where, job.only, job.asks)))


def _words(jobs: Jobs) -> dict[State, str]:
    """Return what is said of elements in place of their state's own name."""
    is_ours = (jobs.withdrawn or jobs.not_needed) and not jobs.cancelled
    return {State.CANCELLED: "not needed any more"} if is_ours else {}


def _classes(report: Report, words: Mapping[State, str]) -> Iterator[Row]:
    """Yield how the elements of each class stand if there is more than one, and for which class there are none."""
    if len(report.by_class) > 1:
        for name, counts in report.by_class.items():
            told = ", ".join(f"{counts[state]} {words.get(state, state.value)}" for state in State if counts[state])
            yield row(f"{name or _ANYTHING}: {told}", indent=4)
    for name, count in report.unserved.items():
        what = f"{several(count, 'task')} of class {name} {'is' if count == 1 else 'are'} ready"
        yield row(f"{what}: the collector queues elements for that once these have ended", BUSY, indent=4)


def _elements(report: Report, jobs: Jobs) -> Row:
    counts = report.elements
    always = (State.QUEUED, State.RUNNING, State.DONE, State.FAILED)
    words = _words(jobs)
    spans: list[Span] = [(f"{several(counts.total(), 'element')}: ", "")]
    for state in State:
        if state in always or counts[state]:
            comma = ", " if len(spans) > 1 else ""
            style = _STYLES.get(state, "") if counts[state] else ""
            spans += [(comma, ""), (f"{counts[state]} {words.get(state, state.value)}", style)]
    return Row(tuple(spans), indent=2)


def _group(group: Group, *, full: bool) -> Iterator[Row]:
    advice = f"; {group.advice}" if group.advice else ""
    yield row(f"{_numbers(group.numbers, full=full)}: {group.words}{advice}", indent=4)
    if group.in_hand:
        tasks = [f"{task}, {count} times" if count > 1 else task for task, count in Counter(group.in_hand).items()]
        shown = tasks if full else tasks[:_MOST_IN_HAND]
        more = f" and {left} more" if (left := len(tasks) - len(shown)) else ""
        yield row(f"in hand: {'; '.join(shown)}{more}", FAINT, indent=6)


def _numbers(numbers: Sequence[int], *, full: bool) -> str:
    if len(numbers) == 1:
        return f"element {numbers[0]}"
    shown = ranges(numbers)
    if not full and len(shown) > _LONGEST:
        shown = f"{shown[:_LONGEST].rpartition(',')[0]},... ({len(numbers)} of them)"
    return f"elements {shown}"


def _broken(node: BrokenNode) -> Iterator[Row]:
    yield row(f"{node.host} looks broken: {node.words}", BAD, indent=2)
    avoid = "further arrays keep off it" if node.is_avoided else "further arrays will keep off it"
    yield row(f"{avoid}; tell your site, or say --exclude {node.host} from the start", indent=4)


def _follower(report: Report, jobs: Jobs, role: Role, told: Told) -> Iterator[Row]:
    state = told.status.state.value
    how = told.words if told.words.startswith(state) else ", ".join(filter(None, (state, told.words)))
    named = f"{role.value} ({told.job.id})" if told.job else role.value
    style = BAD if told.failed else _STYLES.get(told.status.state, "")
    yield row(f"{named}: " + "; ".join(filter(None, (how, told.advice))), style, indent=2)
    if told.job and told.failed and not told.withdrawn:
        yield row(f"its log: {log_of(jobs.submission, told.job)}", indent=4)
    script = reduce_of(jobs.submission)
    if told.failed and role is Role.REDUCE and script and not report.standing.unfinished:
        yield row(f"run it again: jughpc reduce {report.target.jugfile} --script {script}", indent=4)
