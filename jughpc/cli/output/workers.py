"""How workers look: those that live, and what the dead cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jughpc.cli.output.rows import BUSY, FAINT, STRONG, Row, row
from jughpc.store.record import Record
from jughpc.units import about, moment, several

_CLOCK = "%H:%M:%S"
_MOST = 8  # rows of a look that is to fit on a screen


def living(workers: Sequence[Record], *, full: bool = False) -> Iterator[Row]:
    """Yield the live workers, a line each: of many only those that are longest at one task, but for `full`."""
    if not workers:
        return
    few = sorted(workers, key=_place if full or len(workers) <= _MOST else _impatience)
    few = few if full else few[:_MOST]
    together = any(record.worker for record in workers)
    left = len(workers) - len(few)
    count = several(len(workers), "live worker") + (f", {_elements(workers)}" if together else "")
    yield row(count + (", those longest at one task:" if left else ":"), STRONG)
    table, former = [("host", "element", "task", "since", "beats")], ""
    for record in few:
        table.append(_worker(record, is_first=bool(left) or element_of(record) != former))
        former = element_of(record) if record.worker else ""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for number, cells in enumerate(table):
        text = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield row(text.rstrip(), "" if number else FAINT, indent=2)
    if left:
        yield row(f"... and {left} more; --full shows them", FAINT, indent=2)


def dead(records: Sequence[Record], lost: float, holding: int) -> Iterator[Row]:
    """Yield what became of the dead, and what they cost.

    Args:
        lost: What they had spent on tasks in hand [s].
        holding: How many of them have claims still.
    """
    if not records:
        return
    last = max(records, key=lambda record: record.beaten)
    in_hand = sum(bool(record.task) for record in records)
    cost = f" They cost {about(lost)} on {several(in_hand, 'task')} in hand." if in_hand else ""
    reason = last.reason or "ended without a word"
    who = several(len(records), "dead worker") + (", the last" if len(records) > 1 else "")
    yield row(f"{who} on {last.host}: {reason}.{cost}", BUSY)
    if holding:
        yield row("Others take over what they held; `jughpc cleanup --locks-only` frees it now.", indent=2)


def element_of(record: Record) -> str:
    """Return what tells the element that a worker is of, or who was started together by hand."""
    return str(record.ref) if record.ref else record.owner or (f"{record.host}" if record.worker else record.life)


def by_place(workers: Sequence[Record]) -> list[Record]:
    """Return workers by host, element and number."""
    return sorted(workers, key=_place)


def _elements(workers: Sequence[Record]) -> str:
    count = len({element_of(record) for record in workers})
    return f"in {count} elements" if count > 1 else "in one element"


def _place(record: Record) -> tuple[str, int, int, int, str]:
    return record.host, record.element, record.run, record.worker, record.life


def _impatience(record: Record) -> float:
    return -_lasts(record)


def _lasts(record: Record) -> float:
    """Return how long a worker had been at its task when it last beat [s]."""
    return max(0.0, record.beaten - record.since) if record.since else 0.0


def _worker(record: Record, is_first: bool = True) -> tuple[str, str, str, str, str]:
    """Return a row; of several workers of an element only the first says which that is."""
    since = moment(record.since, _CLOCK) if record.since else ""
    lasts = f" ({about(_lasts(record))})" if record.since else ""
    element = (record.owner or f"pid {record.pid}") if is_first or not record.owner else ""
    element += f" [{record.worker}]" if record.worker else ""
    last = moment(record.beaten, _CLOCK)
    return record.host if is_first else "", element, record.task or "-", since + lasts, f"{record.beats}, last {last}"
