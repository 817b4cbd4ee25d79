"""A bar and counts for each function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jughpc.app.status.tasks import ACTIVE, COMPLETE, FAILED, READY, WAITING
from jughpc.cli.output.rows import BAD, BUSY, FAINT, GOOD, Row, Span, row
from jughpc.units import about

FEW = 12
"""Functions that are all shown; of more those that tell most."""

_WIDEST, _LEAST = 40, 10  # [characters] of a bar
_SHORTEST = 14  # [characters] that a name is cut to at most
_STYLES = {COMPLETE: GOOD, ACTIVE: BUSY, FAILED: BAD}
_HEADS = ((COMPLETE, "done"), (FAILED, "failed"), (ACTIVE, "running"), (READY, "ready"), (WAITING, "waiting"))


@dataclass(frozen=True)
class Signs:
    """What bars are made of, in this order: done, running, failed, left."""

    done: str = "█"
    active: str = "▒"
    failed: str = "x"
    left: str = "·"


ASCII = Signs("#", "+", "x", ".")


def signs(encoding: str | None) -> Signs:
    """Return what a stream of that encoding can show."""
    try:
        "".join(vars(Signs()).values()).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return Signs()


def functions(
    counts: Mapping[str, Sequence[int]],
    module: str,
    width: int,
    marks: Signs,
    means: Mapping[str, float],
    *,
    full: bool = False,
) -> Iterator[Row]:
    """Yield the table of the functions, in the order of their definition.

    Args:
        counts: By name, one a state.
        module: Whose functions are called by their bare names.
        width: Of the terminal [characters].
        means: What a task of each function took, as far as it was measured [s].
        full: Show all functions.
    """
    shown = list(counts) if full or len(counts) <= FEW else _telling(counts)
    if not shown:
        return
    columns = [_column(state, head, [counts[name] for name in shown]) for state, head in _HEADS]
    columns = [column for column in columns if column[0] == "done" or any(cell.strip() for cell in column[1:])]
    columns.insert(1, _right(["of", *(str(sum(counts[name])) for name in shown)]))
    if any(name in means for name in shown):
        columns.append(_right(["each", *(about(means[name]) if name in means else "" for name in shown)]))
    names = [name.removeprefix(f"{module}.") for name in shown]
    room = width - sum(2 + len(column[0]) for column in columns)
    longest = max(map(len, names))
    bar = max(_LEAST, min(_WIDEST, room - longest - 2))
    room = min(longest, max(_SHORTEST, room - bar - 2))
    head, *lines = zip(*columns, strict=True)
    yield row("  ".join([" " * (room + 2 + bar), *head]), FAINT)
    for name, full_name, line in zip(names, shown, lines, strict=True):
        start: Span = (cut(name, room).ljust(room) + "  ", "")
        yield Row((start, *drawn(counts[full_name], bar, marks), ("  " + "  ".join(line), "")))
    if rest := [name for name in counts if name not in set(shown)]:
        yield row(f"... and {len(rest)} more functions, {_in_short(counts, rest)}; --full shows them", FAINT)


def drawn(counts: Sequence[int], width: int, marks: Signs) -> Iterator[Span]:
    """Yield a bar of counts, one a state: whatever there is has a sign at least, and only what is whole looks so."""
    total = max(1, sum(counts))
    left = width
    for state, sign in ((COMPLETE, marks.done), (ACTIVE, marks.active), (FAILED, marks.failed)):
        part = counts[state] * width // total or min(1, counts[state])
        part = min(part, left)
        left -= part
        yield sign * part, _STYLES[state]
    yield marks.left * left, FAINT


def cut(text: str, width: int) -> str:
    """Return `text` cut in its middle to at most `width` characters."""
    if len(text) <= width:
        return text
    head = (width - 2) // 2
    return f"{text[:head]}..{text[len(text) - (width - 2 - head) :]}"


def _telling(counts: Mapping[str, Sequence[int]]) -> list[str]:
    """Return the names that tell most: what failed, what runs, what is left, then what is largest."""

    def weight(name: str) -> tuple[int, int, int, int]:
        each = counts[name]
        return each[FAILED], each[ACTIVE], each[READY] + each[WAITING], each[COMPLETE]

    best = set(sorted(counts, key=weight, reverse=True)[: FEW - 2])
    return [name for name in counts if name in best]


def _in_short(counts: Mapping[str, Sequence[int]], names: Sequence[str]) -> str:
    sums = {head: sum(counts[name][state] for name in names) for state, head in _HEADS}
    return ", ".join(f"{count} {head}" for head, count in sums.items() if count)


def _column(state: int, head: str, rows: Sequence[Sequence[int]]) -> list[str]:
    """Return a column: nought is only written where all is counted."""
    return _right([head, *(str(each[state]) if each[state] or state == COMPLETE else "" for each in rows)])


def _right(cells: Sequence[str]) -> list[str]:
    width = max(map(len, cells))
    return [cell.rjust(width) for cell in cells]
