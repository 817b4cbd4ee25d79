"""How a look at tasks, workers and jobs appears: where it stands, what is wrong, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from jughpc.app.status.overview import Overview
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import ACTIVE, COLUMNS, FAILED, READY, WAITING
from jughpc.cli.output.bars import Signs, cut, functions
from jughpc.cli.output.changed import as_loaded, changes
from jughpc.cli.output.jobs import submission
from jughpc.cli.output.rows import BAD, BUSY, FAINT, GOOD, STRONG, Row, Span, row
from jughpc.cli.output.workers import dead, living
from jughpc.library.table import table
from jughpc.units import about, moment, several

_MOST_KINDS = 5  # of failures
_LONGEST = 240  # [characters] of a kind of failure
_DAY = 20 * 3600  # [s] from when on a time is told with its day


def rows(seen: Overview, width: int, marks: Signs, *, full: bool = False) -> Iterator[Row]:
    """Yield all of a look.

    Args:
        width: Of the terminal [characters].
        full: Leave nothing out, however long it becomes.
    """
    report = seen.report
    yield from _tasks(seen, width, marks, full=full)
    yield from _apart(_outlook(seen))
    yield from _apart(submission(report, report.jobs, full=full) if report.jobs else iter(()))
    yield from _apart(_failures(seen, full=full))
    yield from _apart(dead(report.standing.dead, seen.lost, report.standing.holding))
    yield from _apart(changes(report))
    yield from _apart(living(report.standing.workers, full=full))
    yield row()
    yield Row((("next: ", FAINT), (seen.step.command, STRONG), (f"  {seen.step.why}", FAINT)))


def jugs_table(report: Report, width: int) -> str:
    """Return the counts as jug shows them, and when the tasks were loaded if that is not just now."""
    loaded = "".join(f"{one}\n" for one in as_loaded(report.standing.manifest))
    return table(COLUMNS, report.standing.by_name(), width) + loaded


def _apart(some: Iterator[Row]) -> Iterator[Row]:
    """Yield rows with an empty one before them, if there are any."""
    for number, one in enumerate(some):
        if not number:
            yield row()
        yield one


def _tasks(seen: Overview, width: int, marks: Signs, *, full: bool) -> Iterator[Row]:
    report, standing = seen.report, seen.report.standing
    total = len(standing.manifest)
    done = total - standing.unfinished
    share = f"{100 * done // total} %, " if total else ""
    spans: list[Span] = [(f"{report.target.jugfile}: ", STRONG), (f"{share}{done} of {total} tasks done", GOOD)]
    for state, word, style in ((FAILED, "failed", BAD), (ACTIVE, "running", BUSY), (READY, "ready", ""),
                               (WAITING, "waiting", "")):  # fmt: skip
        spans += [(", ", ""), (f"{count} {word}", style)] if (count := standing.count(state)) else []
    yield Row(tuple(spans))
    yield from as_loaded(standing.manifest)
    if standing.manifest.barrier:
        yield row("The jugfile ended at a barrier: more tasks may follow once these are done.", FAINT)
    yield row()
    means = {name: sums.mean for name, sums in seen.took.items() if sums.count}
    yield from functions(standing.by_name(), report.target.jugfile.stem, width, marks, means, full=full)


def _outlook(seen: Overview) -> Iterator[Row]:
    ahead = seen.outlook
    if ahead.rate and ahead.each:
        yield row(f"{_per_time(ahead.rate)}, {about(ahead.each)} of a worker's time each")
    if ahead.eta is not None:
        rest = f", but for {', '.join(ahead.unknown)}, of which none was done yet" if ahead.unknown else ""
        end, workers = _clock(seen.when + ahead.eta, ahead.eta), several(ahead.workers, "live worker")
        basis = ", by what such tasks took" if ahead.is_by_tasks else ""
        yield Row(((f"ETA {about(ahead.eta)}", STRONG), (f", at {end}, with {workers}{basis}{rest}", "")))
    elif ahead.why:
        yield row(f"no ETA: {ahead.why}", FAINT)
    if ahead.blocked:
        yield row(f"{several(ahead.blocked, 'task')} blocked: what failed is needed first", BUSY)


def _per_time(rate: float) -> str:
    for unit, size in (("second", 1), ("minute", 60), ("hour", 3600)):
        if rate * size >= 1:
            return f"{_number(rate * size)} tasks a {unit}"
    return f"{_number(rate * 86400)} tasks a day"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _clock(when: float, away: float) -> str:
    return moment(when, "%a %b %d, %H:%M" if away > _DAY else "%H:%M")


def _failures(seen: Overview, *, full: bool) -> Iterator[Row]:
    failed = seen.report.standing.count(FAILED)
    if not failed:
        return
    some = f", of which {seen.read} were looked at" if seen.read < failed else ""
    yield row(f"{several(failed, 'task')} failed{some}:", BAD)
    shown = seen.worst if full else seen.worst[:_MOST_KINDS]
    for one in shown:
        yield row(cut(str(one), _LONGEST), indent=2)
    if left := len(seen.worst) - len(shown):
        yield row(f"... and {left} kinds more; --full shows them", FAINT, indent=2)
