"""Lines with styles: in colours, and wrapped, on a terminal; one fact a line, whole and plain, anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jughpc.cli.output.terminal import echo
from jughpc.plain import plain

if TYPE_CHECKING:  # most commands show no rows
    from rich.console import Console, ConsoleOptions, RenderResult

GOOD, BAD, BUSY, FAINT, STRONG = "green", "bold red", "yellow", "dim", "bold"

Span = tuple[str, str]
"""A text and its style, one of the above or ""."""


@dataclass(frozen=True)
class Row:
    """A line.

    Attributes:
        spans: Its parts.
        indent: Of the line, and of what it is continued with [characters].
    """

    spans: tuple[Span, ...] = ()
    indent: int = 0

    def __str__(self) -> str:
        text = "".join(text for text, _ in self.spans)
        return (" " * self.indent + text).rstrip()


def row(text: str = "", style: str = "", indent: int = 0) -> Row:
    """Return a line in one style."""
    return Row(((text, style),), indent)


def show(rows: Iterable[Row]) -> None:
    """Put out rows to standard output. NO_COLOR is heeded."""
    if not sys.stdout.isatty():
        for one in rows:
            echo(str(one))
        return
    from rich.console import Console

    Console(highlight=False, markup=False, emoji=False).print(Styled(rows))


class Styled:
    """Rows as rich renders them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.padding import Padding
        from rich.text import Text

        for one in self._rows:
            yield Padding(Text.assemble(*((plain(text), style) for text, style in one.spans)), (0, 0, 0, one.indent))
