"""How it goes, as parts of a page: tasks by function, the submission, workers, and what was lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jughpc.app.status.overview import Overview
from jughpc.app.status.report import Report
from jughpc.app.status.tasks import ACTIVE, COMPLETE, FAILED, READY, WAITING, in_words
from jughpc.batch.scheduler import State
from jughpc.store.record import Record
from jughpc.units import about, moment, ranges, several
from jughpc.web.charts import shown
from jughpc.web.figures import size
from jughpc.web.tables import Cell, Html, figures, prose, table

MOST = 200  # rows of a table

_PARTS = ((COMPLETE, "done"), (FAILED, "failed"), (ACTIVE, "active"), (READY, "ready"))


def heading(seen: Overview, *, is_live: bool) -> str:
    """Return what is to be seen first: where it stands, how long it may take, and what to type next."""
    report = seen.report
    as_loaded = f" Tasks as loaded at {moment(since)}." if (since := report.standing.manifest.since) else ""
    when = "" if is_live else f" As of {moment(seen.when)}."
    barrier = " The jugfile ended at a barrier: more tasks may follow." if report.standing.manifest.barrier else ""
    words = f"{in_words(report.standing)}{barrier}{as_loaded}{when}"
    step = f'<p>Next: <code>{shown(seen.step.command)}</code> <span class="soft">{prose(seen.step.why)}</span></p>'
    return (
        f'<header id="top"><h1>{shown(str(report.target.jugfile))}</h1><p>{prose(words)}</p>'
        f"{figures(_numbers(seen))}{step}</header>"
    )


def functions(report: Report) -> str:
    """Return the tasks of each function, with a bar and counts."""
    by_name = report.standing.by_name()
    order = sorted(by_name, key=lambda name: (-by_name[name][ACTIVE], -by_name[name][FAILED], name))
    totals = [sum(column) for column in zip(*by_name.values(), strict=True)] or [0] * 5
    rows = [_function(name, by_name[name]) for name in order[:MOST]]
    if len(by_name) > 1:
        rows.append(_function("all together", totals))
    columns = ["Function", "", "Done", "of", "Failed", "Running", "Ready", "Waiting"]
    note = f'<p class="soft">{MOST} of {len(order)} functions.</p>' if len(order) > MOST else ""
    return f'<section id="tasks"><h2>Tasks</h2>{_key()}{table("Tasks by function", columns, rows)}{note}</section>'


def submission(report: Report) -> str:
    """Return how the submission stands: elements by state and reason, collector and reduce; "" without any."""
    if (jobs := report.jobs) is None:
        return ""
    made, counts = jobs.submission, report.elements
    states = ", ".join(f"{counts[state]} {state.value}" for state in State if counts[state])
    ids = ", ".join(job.id for job in jobs.accepted) or "nothing queued"
    many = several(counts.total(), "element")
    head = f"Submission {made.number} on {made.scheduler} ({ids}): {many}, {states or 'none'}."
    broken = [f"{one.host} looks broken: {one.words}" for one in report.broken]
    wrong = filter(None, (made.damage, jobs.trouble, *jobs.away, *broken))
    troubles = "".join(f'<p class="bad">{prose(words)}</p>' for words in wrong)
    parts = "".join([f"<p>{shown(head)}</p>", troubles, _reasons(report), _followers(report)])
    return f'<section id="submission"><h2>Submission</h2>{parts}</section>'


def _reasons(report: Report) -> str:
    rows = [[one.state.value, ranges(one.numbers), one.words, one.advice] for one in report.groups[:MOST]]
    columns = ["State", "Elements", "Why", "What to do"]
    return table("Elements with a reason", columns, rows, texts=4) if rows else ""


def _followers(report: Report) -> str:
    rows = [
        [role.value, one.job.id if one.job else "", one.status.state.value, one.words, one.advice]
        for role, one in report.followers.items()
    ]
    columns = ["Job", "Number", "State", "Why", "What to do"]
    return table("Collector and reduce", columns, rows, texts=5) if rows else ""


def workers(records: Sequence[Record]) -> str:
    """Return what each live worker does."""
    if not records:
        return '<section id="workers"><h2>Workers</h2><p class="soft">Nobody works on it now.</p></section>'
    order = sorted(records, key=lambda one: (one.host, one.element, one.run, one.worker, one.life))
    columns = ["Host", "Element", "Task", "For", "Done", "Failed", "Memory", "Last beat"]
    note = f'<p class="soft">{MOST} of {len(order)} workers.</p>' if len(order) > MOST else ""
    rows = [_worker(record) for record in order[:MOST]]
    return f'<section id="workers"><h2>Workers</h2>{table("Live workers", columns, rows, texts=3)}{note}</section>'


def losses(seen: Overview) -> str:
    """Return what dead workers cost, and what a purge took; "" if nothing was lost."""
    standing = seen.report.standing
    gone, dead = sum(standing.gone.values()), standing.dead
    if not gone and not dead:
        return ""
    parts = []
    if gone:
        parts.append(f'<p class="bad">{gone:,} results are gone that were there: their tasks run again.</p>')
    if dead:
        cost = f"They cost {about(seen.lost)} of work in hand. " if seen.lost else ""
        columns = ["Host", "Element", "In hand", "Why", "Last beat"]
        rows = [
            [one.host, _element(one), one.task, one.reason or "without a word", moment(one.beaten)]
            for one in sorted(dead, key=lambda one: -one.beaten)[:MOST]
        ]
        free = "Others take over what they held; <code>jughpc cleanup --locks-only</code> frees it now."
        free = free if standing.holding else ""
        parts.append(f"<p>{several(len(dead), 'dead worker')}. {shown(cost)}{free}</p>")
        parts.append(table("Dead workers", columns, rows, texts=5))
    return f'<section id="losses"><h2>Losses</h2>{"".join(parts)}</section>'


def _numbers(seen: Overview) -> Iterator[tuple[str, str]]:
    standing, ahead = seen.report.standing, seen.outlook
    total = len(standing.manifest)
    done = total - standing.unfinished
    yield f"{100 * done // total} %" if total else "0", f"done: {done:,} of {total:,}"
    for state, word in ((FAILED, "failed"), (ACTIVE, "running"), (READY, "ready"), (WAITING, "waiting")):
        if count := standing.count(state):
            yield f"{count:,}", word
    yield f"{len(standing.workers):,}", "live workers"
    if ahead.rate:
        yield f"{ahead.rate:.3g}", "tasks a second"
    if ahead.eta is not None:
        yield about(ahead.eta), "to the end"
    elif ahead.why:
        yield "?", f"to the end: {ahead.why}"
    if ahead.blocked:
        yield f"{ahead.blocked:,}", "blocked by what failed"


def _key() -> str:
    items = "".join(
        f'<li><span class="bar patch"><i class="{style}" style="width:100%"></i></span>{word}</li>'
        for style, word in (("done", "done"), ("failed", "failed"), ("active", "running"), ("ready", "ready"))
    )
    return f'<ul class="key" aria-hidden="true">{items}</ul>'


def _function(name: str, counts: Sequence[int]) -> list[Cell]:
    total = sum(counts)
    told = ", ".join(f"{counts[state]} {word}" for state, word in _PARTS if counts[state])
    parts = "".join(
        f'<i class="{word}" style="width:{100 * counts[state] / total:.4g}%"></i>'
        for state, word in _PARTS
        if counts[state]
    )
    bar = Html(f'<span class="bar" role="img" aria-label="{told}">{parts}</span>')
    done, failed = counts[COMPLETE], counts[FAILED]
    shown_failed: Cell = Html(f'<span class="bad">{failed:,}</span>') if failed else "0"
    rest = [f"{counts[state]:,}" for state in (ACTIVE, READY, WAITING)]
    return [name, bar, f"{done:,}", f"{total:,}", shown_failed, *rest]


def _worker(one: Record) -> list[Cell]:
    lasts = max(0.0, one.beaten - one.since) if one.since and one.beaten else 0.0
    return [
        one.host, _element(one), one.task or "-", about(lasts) if one.since else "", f"{one.done:,}", f"{one.failed:,}",
        size(one.memory), moment(one.beaten, "%H:%M:%S") if one.beaten else "",
    ]  # fmt: skip


def _element(one: Record) -> str:
    named = one.owner or f"pid {one.pid}"
    return f"{named} [{one.worker}]" if one.worker else named
