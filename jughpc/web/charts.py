"""Plots as SVG that lies in a page, and takes the colours of its style, light or dark; see docs/report.md.

They are written here: a page is some 50 KiB and needs no network, where a library for plots puts MiB into each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from jughpc.plain import plain

WIDTH, HEIGHT = 760, 190
LEFT, RIGHT, TOP, BOTTOM = 70, 10, 10, 26
FEWEST = 16  # bars that there is room for
_SPANS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)  # [s]
_UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


@dataclass(frozen=True)
class Band:
    """One of several series.

    Attributes:
        colour: A class of the style: c0 to c6, or another.
        heights: One value a stretch.
    """

    colour: str
    heights: Sequence[float]


@dataclass(frozen=True)
class Lane:
    """One row of a chart of rows.

    Attributes:
        label: What stands at its left.
        start, end: Where it is there at all, as parts of the whole width.
        cells: Which colour each stretch has, -1 for none.
        depth: How much of each stretch that fills, 0 to 1.
    """

    label: str
    start: float
    end: float
    cells: Sequence[int]
    depth: Sequence[float]


def shown(text: str) -> str:
    """Return text from anywhere as a page may hold it."""
    return escape(plain(text))


def stacked(title: str, told: str, bands: Sequence[Band], span: float) -> str:
    """Return a chart of series that stand on each other, over `span` [s]; `told` says in words what it shows."""
    count = len(bands[0].heights)
    top = max((sum(heights) for heights in zip(*(band.heights for band in bands), strict=True)), default=0.0)
    scale = (HEIGHT - TOP - BOTTOM) / _ceiling(top)
    floor, parts = [0.0] * count, []
    for band in bands:
        parts.append(f'<path class="{band.colour}" d="{_steps(band.heights, floor, scale)}"/>')
        floor = [low + height for low, height in zip(floor, band.heights, strict=True)]
    return _svg(title, told, HEIGHT, [*_y_axis(_ceiling(top)), *parts, *_time_axis(span, HEIGHT)])


def overlaid(title: str, told: str, bands: Sequence[Band], span: float) -> str:
    """Return a chart of series that lie before each other, the last in front."""
    ceiling = _ceiling(max((max(band.heights) for band in bands), default=0.0))
    scale, ground = (HEIGHT - TOP - BOTTOM) / ceiling, [0.0] * len(bands[0].heights)
    parts = [f'<path class="{band.colour}" d="{_steps(band.heights, ground, scale)}"/>' for band in bands]
    return _svg(title, told, HEIGHT, [*_y_axis(ceiling), *parts, *_time_axis(span, HEIGHT)])


def lanes(title: str, told: str, rows: Sequence[Lane], span: float) -> str:
    """Return a chart with a row for each of `rows`, over `span` [s]."""
    pitch = 16 if len(rows) <= 20 else 11
    height = TOP + pitch * len(rows) + BOTTOM
    parts = [part for number, row in enumerate(rows) for part in _lane(row, TOP + number * pitch, pitch - 3)]
    return _svg(title, told, height, [*parts, *_time_axis(span, height)])


def bars(title: str, told: str, heights: Sequence[float], line: float | None, unit: str = "") -> str:
    """Return a chart of a bar for each value, with a line across at what was asked for."""
    heights = [*heights, *[0.0] * (FEWEST - len(heights))]  # few are not to look like many
    ceiling = _ceiling(1.08 * max([*heights, line or 0.0]))
    scale, height = (HEIGHT - TOP - BOTTOM) / ceiling, HEIGHT - BOTTOM + 6
    parts = [
        f'<path class="c0" d="{_steps(heights, [0.0] * len(heights), scale, gap=0.15)}"/>',
        *_y_axis(ceiling, unit),
    ]
    if line:
        y = HEIGHT - BOTTOM - line * scale
        parts.append(f'<path class="asked" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(
            f'<text class="note" x="{WIDTH - RIGHT}" y="{max(y - 4, 9):.1f}" text-anchor="end">asked for</text>'
        )
    return _svg(title, told, height, parts)


def spark(told: str, counts: dict[int, int], first: int, last: int) -> str:
    """Return a small histogram of `counts`, by whole numbers from `first` to `last`."""
    width, height = 90, 26
    most, step = max(counts.values(), default=1), width / (last - first + 1)
    path = "".join(
        f"M{(place - first) * step + 0.5:.1f} {height}v{-max(1.5, (height - 2) * math.sqrt(count / most)):.1f}"
        f"h{max(step - 1, 0.6):.1f}V{height}z"
        for place, count in sorted(counts.items())
        if count > 0 and first <= place <= last
    )
    frame = f'<path class="axis" d="M0 {height - 0.5}H{width}"/>'
    return (
        f'<svg class="spark" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<title>{shown(told)}</title>{frame}<path class="c0" d="{path}"/></svg>'
    )


def span_in_words(seconds: float) -> str:
    """Return a time as people read it: `1.5 h`, `30 ms`."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}" if seconds else "0 s"


def _svg(title: str, told: str, height: float, parts: Sequence[str]) -> str:
    head = f'<svg role="img" viewBox="0 0 {WIDTH} {height:.0f}" preserveAspectRatio="xMidYMid meet">'
    return f"{head}<title>{shown(title)}</title><desc>{shown(told)}</desc>{''.join(parts)}</svg>"


def _steps(heights: Sequence[float], floor: Sequence[float], scale: float, gap: float = 0.0) -> str:
    """Return the path of a column for each height, upon `floor`; columns of one height in a row are one."""
    step, base, parts, place = (WIDTH - LEFT - RIGHT) / len(heights), HEIGHT - BOTTOM, [], 0
    while place < len(heights):
        last = place
        while (
            not gap
            and last + 1 < len(heights)
            and (heights[last + 1], floor[last + 1]) == (heights[place], floor[place])
        ):
            last += 1
        if heights[place] > 0:
            tall = max(heights[place] * scale, 0.6)
            left, wide = LEFT + (place + gap / 2) * step, (last - place + 1 - gap) * step
            parts.append(f"M{left:.1f} {base - floor[place] * scale:.1f}v{-tall:.1f}h{wide:.1f}v{tall:.1f}z")
        place = last + 1
    return "".join(parts)


def _lane(row: Lane, top: float, tall: float) -> list[str]:
    wide, step = WIDTH - LEFT - RIGHT, (WIDTH - LEFT - RIGHT) / max(1, len(row.cells))
    left, length = LEFT + row.start * wide, max(1.0, (row.end - row.start) * wide)
    parts = [
        f'<text class="lane" x="{LEFT - 6}" y="{top + tall - 1:.0f}" text-anchor="end">{shown(row.label)}</text>',
        f'<path class="there" d="M{left:.1f} {top}h{length:.1f}v{tall}h{-length:.1f}z"/>',
    ]
    paths: dict[str, str] = {}
    for place, (cell, depth) in enumerate(zip(row.cells, row.depth, strict=True)):
        if cell >= 0:
            low = max(1.0, tall * depth)
            colour = f"c{cell}"
            cut = f"M{LEFT + place * step:.1f} {top + tall}v{-low:.1f}h{step + 0.15:.2f}v{low:.1f}z"
            paths[colour] = paths.get(colour, "") + cut
    return parts + [f'<path class="{colour}" d="{path}"/>' for colour, path in paths.items()]


def _ceiling(value: float) -> float:
    """Return the next round number above."""
    if value <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(value))
    return next(step * size for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * size >= value * 0.999)


def _y_axis(ceiling: float, unit: str = "") -> list[str]:
    parts = []
    for part in (0, 0.5, 1):
        y = HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
        parts.append(f'<path class="axis" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        label = f"{_short(part * ceiling)}{unit}"
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    return parts


def _tick(number: int, step: float) -> str:
    """Return so many steps [s] as a mark says it, all of an axis in the unit that has whole ones: 60 s, 80 s."""
    size, unit = next(((size, unit) for size, unit in _UNITS if step >= size and step % size == 0), _UNITS[-1])
    return f"{number * step / size:g} {unit}" if number and step >= 1 else span_in_words(number * step)


def _time_axis(span: float, height: float) -> list[str]:
    """Return marks below a chart, in time since its beginning."""
    step: float = next((size for size in _SPANS if span / size <= 8), math.ceil(span / 8 / 86400) * 86400)
    if span < 1:
        step = _ceiling(span / 5)
    parts, y = [], height - BOTTOM
    for number in range(int(span / step) + 1):
        x = LEFT + (WIDTH - LEFT - RIGHT) * number * step / span
        anchor = "end" if x > WIDTH - 40 else "middle"
        parts.append(f'<path class="axis" d="M{x:.1f} {y}v4"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 17}" text-anchor="{anchor}">{_tick(number, step)}</text>')
    return parts


def _short(value: float) -> str:
    """Return a number in few characters."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
