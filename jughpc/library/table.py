"""Tables of counts by task name, as jug prints them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

_COUNT = 12  # columns of a count, right-aligned; two blanks, then the name


def table(columns: Sequence[str], rows: Mapping[str, Sequence[int]], width: int) -> str:
    """Return counts by task name, sorted, and their total.

    Args:
        columns: The headings of the counts.
        rows: A count a column, by task name.
        width: Of the terminal, in characters.
    """
    totals = [sum(counts) for counts in zip(*rows.values(), strict=True)] or [0] * len(columns)
    lines = ["".join(f"{column:>{_COUNT}}" for column in columns) + "  Task name", "-" * width]
    for name in sorted(rows):
        lines += _row(rows[name], name, width)
    return "\n".join([*lines, "." * width, *_row(totals, "Total", width), ""])


def _row(counts: Sequence[int], name: str, width: int) -> list[str]:
    numbers = "".join(f"{count:>{_COUNT}}" for count in counts) + "  "
    room = max(16, width - len(numbers))
    first, *rest = textwrap.wrap(name, room, subsequent_indent="    ", break_on_hyphens=False) or [""]
    return [numbers + first, *(" " * len(numbers) + line for line in rest)]
