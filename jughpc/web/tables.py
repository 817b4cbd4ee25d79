"""Tables of pages: what is a number stands right, what is text left, and each has a caption for who listens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from jughpc.web.charts import shown


@dataclass(frozen=True)
class Html:
    """What is HTML already: its parts from elsewhere were escaped."""

    text: str


Cell = Html | str | int | float


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], texts: int = 1) -> str:
    """Return a table; its first `texts` columns are text, and the first of all names its row."""
    head = "".join(f'<th scope="col"{_side(place < texts)}>{shown(one)}</th>' for place, one in enumerate(columns))
    body = "\n".join(_row(row, texts) for row in rows)
    label = shown(caption)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{label}"><table aria-label="{label}">'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def beside(words: str, content: str) -> str:
    """Return what is shown once somebody asks for it."""
    return f"<details><summary>{shown(words)}</summary>{content}</details>"


def prose(text: str) -> str:
    """Return text from anywhere as a page may hold it, with what stands in backticks as code."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", shown(text))


def figures(found: Iterable[tuple[str, str]]) -> str:
    """Return some numbers to be seen first, each with what it is."""
    items = "".join(f"<li><b>{shown(number)}</b><span>{shown(what)}</span></li>" for number, what in found)
    return f'<ul class="figures">{items}</ul>'


def _row(row: Sequence[Cell], texts: int) -> str:
    first, *rest = row
    cells = "".join(f"<td{_side(place < texts, one)}>{_inner(one)}</td>" for place, one in enumerate(rest, 1))
    return f'<tr><th scope="row" class="text">{_inner(first)}</th>{cells}</tr>'


def _side(is_text: bool, content: Cell = "") -> str:
    long = isinstance(content, str) and len(content) > 40
    return f' class="text{" free" if long else ""}"' if is_text else ""


def _inner(content: Cell) -> str:
    return content.text if isinstance(content, Html) else prose(str(content))
