"""The documentation's table of settings, as the declaration says it."""

from __future__ import annotations

import re

from jughpc.config.settings import EVERY, Setting, named

BEGIN, END = "<!-- settings: written by python -m jughpc.config FILE -->", "<!-- end of settings -->"

_HEAD = "| key | what it is | write | built in | read by |\n|---|---|---|---|---|"


def table() -> str:
    """Return the table in Markdown, a line a setting."""
    return "\n".join([_HEAD, *(_row(setting) for setting in named().values())])


def with_table(page: str) -> str:
    """Return `page` with the table between its marks as it should be. Raises ValueError if it has no marks."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page has no lines {BEGIN} and {END}")
    return f"{head}{begin}\n{table()}\n{end}{tail}"


def _row(setting: Setting) -> str:
    by = setting.by if setting.by == EVERY else ", ".join(f"`{name}`" for name in setting.by.split())
    built_in = setting.built_in if setting.default in (None, ()) else f"`{setting.built_in}`"
    cells = (f"`{setting.name}`", _code(setting.text), setting.kind.write, built_in, by)
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """Return `text` with what is no prose, formulas and fillings, marked as code."""
    return re.sub(r"%\(\w+\)s|\d \* \(.*?\)", r"`\g<0>`", text)
