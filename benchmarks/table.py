"""The table that is printed: one line a row, with ratios."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: What was measured, and in which unit.
        ours, jug, floor: The figures; None where there is none.
        target: The most that ours may be, None for no target.
        exact: Why the run was right, or was not.
    """

    what: str
    ours: float
    jug: float | None = None
    floor: float | None = None
    target: float | None = None
    exact: str = ""

    def cells(self) -> list[str]:
        """Return the texts of the line."""
        return [
            self.what, _figure(self.ours), _figure(self.jug), _figure(self.floor),
            _ratio(self.jug, self.ours), _ratio(self.ours, self.floor), _figure(self.target), self.verdict(),
        ]  # fmt: skip

    def verdict(self) -> str:
        """Return whether the target holds."""
        met = "" if self.target is None else ("ok" if self.ours <= self.target else "MISSED")
        return " ".join(word for word in (met, self.exact) if word)


HEADS = ("what", "jughpc", "jug 2.7", "floor", "jug/jughpc", "jughpc/floor", "target", "")


def lines(rows: list[Row]) -> list[str]:
    """Return the table as Markdown."""
    cells = [list(HEADS), *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADS))]
    texts = [_line(line, widths) for line in cells]
    return [texts[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *texts[1:]]


def _line(cells: list[str], widths: list[int]) -> str:
    first, *rest = (cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
    return "| " + " | ".join([first.strip().ljust(widths[0]), *rest]) + " |"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _ratio(over: float | None, under: float | None) -> str:
    return "" if not over or not under else f"{over / under:.2g} x"
