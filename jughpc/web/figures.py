"""The plots and tables of what work took, each plot with the same in a table or in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jughpc.app.accounts.account import Account
from jughpc.app.accounts.timeline import NAMED, Row, Timeline, timeline
from jughpc.app.accounts.usage import Asked, ElementUse, HostUse
from jughpc.store.measures import Sums
from jughpc.store.record import ElementRef
from jughpc.units import moment, show_seconds
from jughpc.web.charts import Band, Lane, bars, lanes, overlaid, shown, span_in_words, spark, stacked
from jughpc.web.tables import Html, beside, figures, prose, table

MOST_BARS, MOST_ROWS = 160, 200  # of elements, functions and nodes that are shown one by one
LISTED = 12  # stretches that the table beside a plot has


def in_numbers(found: Account) -> str:
    """Return what is to be seen first."""
    return figures(_numbers(found))


def advised(found: Account) -> str:
    """Return the advice for the next submit, "" if there is none."""
    items = "".join(
        f"<li>{f'<code>{shown(one.option)}</code> ' if one.option else ''}{prose(one.words)}</li>"
        for one in found.advice
    )
    return f'<section id="advice"><h2>Next time</h2><ul class="advice">{items}</ul></section>' if items else ""


def over_time(found: Account) -> str:
    """Return the timeline: tasks per second, workers, and what each of them did."""
    when = timeline(found.lives, list(found.functions))
    if when is None:
        return ""
    span = when.until - when.begun
    since = f'<p class="soft">From {moment(when.begun)}, by the clocks of the workers.</p>'
    return (
        f'<section id="time"><h2>Over time</h2>{since}{_key(when.names)}'
        f"<h3>Tasks per second</h3>{_rates(when, span)}<h3>Workers</h3>{_crowd(when, span)}"
        f"<h3>What each worker did</h3>{_rows(when, span, len(found.lives))}</section>"
    )


def by_function(found: Account) -> str:
    """Return what the tasks of each function took, with distributions."""
    if not found.functions:
        return ""
    columns = [
        "Function", "Tasks", "Failed", "Mean", "Shortest", "Longest", "Run times", "Total", "Cores", "Memory",
        "of the longest",
    ]  # fmt: skip
    some = dict(list(found.functions.items())[:MOST_ROWS])
    rows = _functions(some, found.memory)
    note = _left_out(len(found.functions), len(some), "functions, those that took most")
    return (
        '<section id="functions"><h2>Functions</h2>'
        f"{table('What the tasks of each function took', columns, rows)}{note}"
        '<p class="soft">Each step of a distribution is twice the one before, the same steps in all rows; heights are '
        "square roots, so that few are seen beside many. Memory is the most that the process had while a task ran.</p>"
        "</section>"
    )


def by_element(found: Account) -> str:
    """Return what elements used of what was asked for, "" without a submission."""
    if not found.elements or found.asked is None:
        return ""
    some = _spread(found.elements, MOST_BARS)
    asked = found.asked
    cores = [one.cpu / one.wall if one.wall else 0.0 for one in some]
    memory = [one.peak / (1 << 30) for one in some]
    told = f"{len(found.elements)} elements, {asked.cores} cores each"
    known = asked.memory / (1 << 30) if asked.memory else None
    columns = [
        "Element", "Host", "Workers", "Tasks", "Failed", "Time", "Busy", "Cores used", "of those asked", "Memory used",
        "of that asked",
    ]  # fmt: skip
    rows = table("What each element used", columns, [_element(one, asked) for one in some], texts=2)
    note = _left_out(len(found.elements), len(some), "elements, evenly spread")
    return (
        f'<section id="elements"><h2>Elements</h2>{note}'
        f"<h3>Cores used by each</h3>{bars('Cores used by each element', told, cores, float(asked.cores))}"
        f"<h3>Memory used by each [GiB]</h3>{bars('Memory used by each element', told, memory, known)}"
        f"{beside('The same as a table', rows)}</section>"
    )


def by_host(found: Account) -> str:
    """Return what ran on each node."""
    if not found.hosts:
        return ""
    columns = ["Node", "Workers", "Died", "Tasks", "Failed", "Time", "Busy", "Processor time", "Pace"]
    rows = [_host(one) for one in found.hosts[:MOST_ROWS]]
    words = "Pace: how fast the same functions ran there, 1 being the mean of all; the slowest first."
    note = _left_out(len(found.hosts), len(rows), "nodes, the slowest")
    return (
        f'<section id="nodes"><h2>Nodes</h2>{table("What ran on each node", columns, rows)}{note}'
        f'<p class="soft">{words}</p></section>'
    )


def _numbers(found: Account) -> Iterator[tuple[str, str]]:
    yield f"{found.tasks:,}", "tasks were run"
    if found.failed:
        yield f"{found.failed:,}", "failed"
    yield show_seconds(found.until - found.begun), "from first to last"
    yield f"{len(found.lives):,}", "workers"
    yield f"{found.core_hours:.3g}", "core hours" + ("" if found.asked else " (one core a worker)")
    if found.time:
        yield f"{min(1.0, found.busy / found.time):.0%}", "of their time ran tasks"
    if found.asked and found.core_hours:
        yield f"{found.cpu / 3600 / found.core_hours:.0%}", f"of {found.asked.cores * len(found.elements)} cores used"
    if found.asked and found.asked.memory and (peak := max((one.peak for one in found.elements), default=0)):
        yield f"{peak / found.asked.memory:.0%}", f"of {size(found.asked.memory)} used at most"


def _key(names: Sequence[str]) -> str:
    items = "".join(f"<li>{_patch(place)}{shown(name or 'all others')}</li>" for place, name in enumerate(names))
    return f'<ul class="key" aria-label="Colours">{items}</ul>'


def _patch(place: int) -> str:
    return f'<svg class="patch" viewBox="0 0 10 10" aria-hidden="true"><path class="c{place}" d="M0 0h10v10H0z"/></svg>'


def _rates(when: Timeline, span: float) -> str:
    rates = when.ended / when.step
    bands = [Band(f"c{place}", [float(f"{rate:.4g}") for rate in row]) for place, row in enumerate(rates.tolist())]
    total = rates.sum(axis=0)
    told = f"Tasks that ended per second, {total.mean():.3g} on the average, {total.max():.3g} at most."
    return stacked("Tasks per second", told, bands, span) + _as_table(
        when, "Tasks that ended", when.ended.sum(axis=0).tolist()
    )


def _crowd(when: Timeline, span: float) -> str:
    there, busy = ([round(value, 2) for value in row.tolist()] for row in (when.workers, when.busy))
    told = f"Workers that were there (pale), {max(there):.4g} at most, and of these those that ran tasks (in colour)."
    chart = overlaid("Workers", told, [Band("there", there), Band("c0", busy)], span)
    return f'<p class="soft">{shown(told)}</p>{chart}'


def _rows(when: Timeline, span: float, count: int) -> str:
    note = _left_out(count, len(when.rows), "workers, evenly spread over the nodes")
    told = f"A row a worker, from its beginning to its end, coloured where it ran tasks: {len(when.rows)} of {count}."
    return note + lanes("What each worker did", told, [_lane(row, when.begun, span) for row in when.rows], span)


def _lane(row: Row, begun: float, span: float) -> Lane:
    ref = ElementRef.of_life(row.life)
    host = row.host.partition(".")[0]
    label = f"{host[-8:]}:{ref.element}" if ref else host[-11:]
    return Lane(label, (row.begun - begun) / span, (row.until - begun) / span, row.cells, row.busy)


def _as_table(when: Timeline, what: str, values: Sequence[float]) -> str:
    size = -(-len(values) // LISTED)
    rows = [
        (moment(when.begun + place * when.step), f"{sum(values[place : place + size]):.0f}")
        for place in range(0, len(values), size)
    ]
    return beside("The same as a table", table(what, ["From", what], rows))


def _functions(
    functions: Mapping[str, Sums], memory: Mapping[str, Mapping[int, int]]
) -> Iterator[list[Html | str | int]]:
    steps = [e for sums in functions.values() for e in sums.bins] or [0]
    sizes = [e for counts in memory.values() for e in counts] or [0]
    for place, (name, sums) in enumerate(functions.items()):
        told = f"{name}: from {span_in_words(sums.least)} to {span_in_words(sums.most)}"
        counts = memory.get(name)
        yield [
            Html(f"{_patch(min(place, NAMED))} {shown(name)}"), f"{sums.count:,}", f"{sums.failed:,}",
            *map(span_in_words, (sums.mean, sums.least, sums.most)),
            Html(spark(told, sums.bins, min(steps), max(steps))),
            span_in_words(sums.wall), f"{sums.cpu / sums.wall:.2f}" if sums.wall else "", size(sums.peak),
            Html(spark(f"{name}: up to {size(sums.peak)}", dict(counts), min(sizes), max(sizes)) if counts else ""),
        ]  # fmt: skip


def _element(one: ElementUse, asked: Asked) -> list[str | int]:
    cores = one.cpu / one.wall if one.wall else 0.0
    busy = one.busy / (one.wall * one.workers) if one.wall else 0.0
    return [
        str(one.element), one.host, one.workers, f"{one.tasks:,}", one.failed, span_in_words(one.wall),
        f"{min(1.0, busy):.0%}", f"{cores:.2f}", f"{cores / asked.cores:.0%}", size(one.peak),
        f"{one.peak / asked.memory:.0%}" if asked.memory else "",
    ]  # fmt: skip


def _host(one: HostUse) -> list[str | int]:
    return [
        one.host, one.workers, one.died, f"{one.tasks:,}", one.failed, span_in_words(one.wall),
        f"{min(1.0, one.busy / one.wall):.0%}" if one.wall else "", span_in_words(one.cpu),
        f"{one.pace:.2f}" if one.pace else "",
    ]  # fmt: skip


def _spread(found: Sequence[ElementUse], most: int) -> Sequence[ElementUse]:
    if len(found) <= most:
        return found
    return [found[round(place * (len(found) - 1) / (most - 1))] for place in range(most)]


def _left_out(count: int, kept: int, what: str) -> str:
    return f'<p class="soft">{kept} of {count} {what}.</p>' if kept < count else ""


def size(value: int) -> str:
    """Return a size as people read it, "" for an unknown one."""
    if not value:
        return ""
    return f"{value / (1 << 30):.2f} GiB" if value >= 1 << 30 else f"{value / (1 << 20):.3g} MiB"
