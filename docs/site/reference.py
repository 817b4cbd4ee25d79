"""The reference of commands in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .commands import Command, Option, commands

_MARK = "<!-- commands -->"


def with_commands(page: str) -> str:
    """Return `page` with all commands in place of its mark."""
    return page.replace(_MARK, "\n".join(line for command in commands() for line in section(command)))


def section(command: Command) -> Iterator[str]:
    """Yield the lines that tell of a command."""
    yield from ("", f"## {command.name}", "", "```text", f"jughpc {command.usage}", "```")
    for paragraph in command.paragraphs:
        yield from ("", prose(paragraph))
    if command.options:
        yield from ("", "| option | what it does | without it |", "|---|---|---|", *map(_row, command.options))


def prose(text: str) -> str:
    """Return plain text so that Markdown shows it as it is; what stands in backticks stays code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<>|\[\]\\])", r"\\\1", part) for part in parts)


def _row(option: Option) -> str:
    return f"| `{option.spelt}` | {prose(option.text)} | {prose(option.default)} |"
