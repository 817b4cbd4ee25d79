"""How a report looks, on a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from jughpc.app.context.manifest import Manifest
from jughpc.app.context.sources import Changed
from jughpc.app.status.broken import BrokenNode
from jughpc.app.status.elements import Jobs
from jughpc.app.status.followers import Told
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import COLUMNS
from jughpc.batch.journal import log_of
from jughpc.batch.scheduler import Role, State
from jughpc.library.table import table
from jughpc.store.record import Record
from jughpc.units import moment, ranges, show_seconds

_CLOCK = "%H:%M:%S"
_MOST_WORKERS = 100


def lines(report: Report, width: int) -> Iterator[str]:
    """Yield the lines of a report: the table, the submission, the workers."""
    yield table(COLUMNS, report.standing.by_name(), width)
    yield from as_loaded(report.standing.manifest)
    if report.standing.manifest.barrier:
        yield "The jugfile ended at a barrier: more tasks may follow once these are done.\n"
    if report.jobs:
        yield from _submission(report, report.jobs)
    yield from changed(report)
    yield from _workers(report.standing.workers)
    yield from _dead(report.standing.dead)


def as_loaded(manifest: Manifest) -> Iterator[str]:
    """Yield when the tasks were loaded, if that is not just now."""
    if manifest.since is not None:
        when = f"as loaded at {moment(manifest.since)}" if manifest.since else "of old"
        yield f"These are the tasks {when}: the jugfile was not run.\n"


def changed(report: Report) -> Iterator[str]:
    """Yield what changed, a line each."""
    told = list(_changes(report))
    yield from told
    yield from [""] if told else []


def _changes(report: Report) -> Iterator[str]:
    for name in report.changes.texts:
        yield f"{name} has changed since submission {report.changes.since} was submitted, which runs what was submitted"
    for function in report.changes.functions:
        yield changed_function(function)


def changed_function(function: Changed) -> str:
    """Return that the source of a function changed, and what to do."""
    name = function.name.rpartition(".")[2]
    which = (
        f"{function.old} of its {function.results} results"
        if function.old < function.results
        else (f"its {function.results} results")
    )
    return f"{name} changed since {which}: run `jughpc invalidate --name {name}`, or give it a version"


def _submission(report: Report, jobs: Jobs) -> Iterator[str]:
    submission, elements = jobs.submission, report.elements
    ids = ", ".join(job.id for job in jobs.accepted if job.role is Role.ARRAY) or "nothing queued"
    state = ", cancelled" if jobs.cancelled else ""
    yield f"Submission {submission.number} on {submission.scheduler} ({ids}{state}), logs in {submission.folder}/logs"
    if submission.damage:
        yield f"  {submission.damage} Its jobs are known all the same, and `jughpc cancel` ends them."
    always = (State.QUEUED, State.RUNNING, State.DONE, State.FAILED)
    withdrawn = jobs.withdrawn and not jobs.cancelled
    words = {State.CANCELLED: "not needed any more"} if withdrawn else {}
    counts = [f"{elements[s]} {words.get(s, s.value)}" for s in State if s in always or elements[s]]
    yield f"  {elements.total()} elements: {', '.join(counts)}"
    for group in report.groups:
        yield f"    {_numbers(group.numbers)}: {group.words}" + (f"; {group.advice}" if group.advice else "")
    for node in report.broken:
        yield from _broken(node)
    for role, told in report.followers.items():
        yield from _follower(report, jobs, role, told)
    if jobs.trouble:
        yield f"  {submission.scheduler} did not answer; this is what the store knows. {jobs.trouble}"
    yield ""


def _broken(node: BrokenNode) -> Iterator[str]:
    yield f"  {node.host} looks broken: {node.words}"
    avoid = "further arrays keep off it" if node.is_avoided else "further arrays will keep off it"
    yield f"    {avoid}; tell your site, or say --exclude {node.host} from the start"


def _follower(report: Report, jobs: Jobs, role: Role, told: Told) -> Iterator[str]:
    state = told.status.state.value
    how = told.words if told.words.startswith(state) else ", ".join(filter(None, (state, told.words)))
    named = f"{role.value} ({told.job.id})" if told.job else role.value
    yield f"  {named}: " + "; ".join(filter(None, (how, told.advice)))
    if told.job and told.failed and not told.withdrawn:
        yield f"    its log: {log_of(jobs.submission, told.job)}"
    script = jobs.submission.meta.get("reduce")
    if told.failed and role is Role.REDUCE and script and not report.standing.unfinished:
        yield f"    run it again: jughpc reduce {report.target.jugfile} --script {script}"


def _numbers(numbers: Sequence[int]) -> str:
    shown = ranges(numbers)
    return f"elements {shown}" if len(numbers) > 1 else f"element {shown}"


def _workers(workers: list[Record]) -> Iterator[str]:
    if not workers:
        return
    several = {_element(record) for record in workers if record.worker}
    yield f"{len(workers)} live workers" + (f", {_elements(workers)}:" if several else ":")
    rows = [("host", "element", "task", "since", "beats")]
    former = ""
    for record in sorted(workers, key=_place)[:_MOST_WORKERS]:
        rows.append(_worker(record, is_first=_element(record) != former))
        former = _element(record) if record.worker else ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    if len(workers) > _MOST_WORKERS:
        yield f"  ... and {len(workers) - _MOST_WORKERS} more; --json lists them all"
    yield ""


def _elements(workers: Sequence[Record]) -> str:
    count = len({_element(record) for record in workers})
    return f"in {count} elements" if count > 1 else "in one element"


def _element(record: Record) -> str:
    """Return what tells the element that a worker is of, or who was started together by hand."""
    return str(record.ref) if record.ref else record.owner or (f"{record.host}" if record.worker else record.life)


def _place(record: Record) -> tuple[str, int, int, int, str]:
    return record.host, record.element, record.run, record.worker, record.life


def _worker(record: Record, is_first: bool = True) -> tuple[str, str, str, str, str]:
    """Return a row; of several workers of an element only the first says which that is."""
    since = moment(record.since, _CLOCK) if record.since else ""
    lasts = f" ({show_seconds(max(0.0, record.beaten - record.since))})" if record.since else ""
    element = (record.owner or f"pid {record.pid}") if is_first or not record.owner else ""
    element += f" [{record.worker}]" if record.worker else ""
    last = moment(record.beaten, _CLOCK)
    return record.host if is_first else "", element, record.task or "-", since + lasts, f"{record.beats}, last {last}"


def _dead(dead: list[Record]) -> Iterator[str]:
    if dead:
        yield f"{len(dead)} dead workers, the last on {dead[-1].host}: {dead[-1].reason or 'ended without a word'}"
        yield "  Others take over what they held; `jughpc cleanup --locks-only` frees it now."


def as_dict(report: Report) -> dict[str, Any]:
    """Return the report as JSON can show it."""
    standing = report.standing
    names = [column.lower() for column in COLUMNS]
    rows = {name: dict(zip(names, counts, strict=True)) for name, counts in standing.by_name().items()}
    return {
        "jugfile": str(report.target.jugfile),
        "jugdir": str(report.target.location),
        "tasks": {"total": len(standing.manifest), **{name: standing.count(i) for i, name in enumerate(names)}},
        "by_name": rows,
        "behind_barrier": standing.manifest.barrier,
        "loaded": standing.manifest.since,
        "gone": sum(standing.gone.values()),
        "workers": [asdict(record) for record in standing.workers],
        "workers_by_element": _by_element(standing.workers),
        "dead_workers": [asdict(record) for record in standing.dead],
        "changed": {
            "since_submission": report.changes.since,
            "texts": list(report.changes.texts),
            "functions": [asdict(function) for function in report.changes.functions],
        },
        "submission": _jobs_as_dict(report, report.jobs) if report.jobs else None,
    }


def _by_element(workers: Sequence[Record]) -> list[dict[str, Any]]:
    """Return which lives are of one element, each of whom `workers` has in full."""
    found: dict[str, dict[str, Any]] = {}
    for record in sorted(workers, key=_place):
        place = {"submission": record.submission, "element": record.element, "run": record.run, "host": record.host}
        found.setdefault(_element(record), {**place, "lives": []})["lives"].append(record.life)
    return list(found.values())


def _jobs_as_dict(report: Report, jobs: Jobs) -> dict[str, Any]:
    return {
        "number": jobs.submission.number,
        "scheduler": jobs.submission.scheduler,
        "folder": str(jobs.submission.folder),
        "damage": jobs.submission.damage,
        "cancelled": jobs.cancelled,
        "withdrawn": jobs.withdrawn,
        "jobs": [{**asdict(job), "role": job.role.value} for job in jobs.accepted],
        "elements": {state.value: report.elements[state] for state in State},
        "groups": [{**asdict(group), "state": group.state.value} for group in report.groups],
        "broken_nodes": [asdict(node) for node in report.broken],
        "followers": {
            role.value: {
                "state": told.status.state.value,
                "reason": told.status.reason,
                "failed": told.failed,
                "withdrawn": told.withdrawn,
                "words": told.words,
                "advice": told.advice,
            }
            for role, told in report.followers.items()
        },
        "scheduler_trouble": jobs.trouble,
    }
