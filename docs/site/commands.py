"""The commands as click has them: options, what they take, what holds without them. Pages are made of that alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import click

from jughpc.cli.main import jughpc

_BOUND = re.compile(r"\bx\b|[<>]=")  # as click tells of a range


@dataclass(frozen=True)
class Option:
    """One option as `--help` lists it.

    Attributes:
        spelt: All its names and what it takes: ``--partition, --queue NAME``.
        text: What it does.
        default: What holds where it is not given, in words; "" if there is nothing to say.
    """

    spelt: str
    text: str
    default: str


@dataclass(frozen=True)
class Command:
    """One command as `--help` tells of it.

    Attributes:
        usage: What stands behind ``jughpc``.
        paragraphs: Its help; the first says what it does.
    """

    name: str
    usage: str
    paragraphs: tuple[str, ...]
    options: tuple[Option, ...]


def commands() -> Iterator[Command]:
    """Yield all commands, in the order of `jughpc --help`."""
    group = click.Context(jughpc)
    for name in jughpc.list_commands(group):
        found = jughpc.get_command(group, name)
        if found is not None:
            yield _read(name, found)


def _read(name: str, command: click.Command) -> Command:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    paragraphs = re.split(r"\n\s*\n", (command.help or "").strip())
    records = [param.get_help_record(context) for param in command.params if isinstance(param, click.Option)]
    return Command(name, usage, tuple(map(_one_line, paragraphs)), tuple(_option(*one) for one in records if one))


def _option(spelt: str, help_text: str) -> Option:
    """Return an option from its two columns; what holds without it stands in brackets at the end of the second."""
    text, *notes = re.split(r"\s\s+\[", help_text.strip())
    said = [words for note in notes for words in note.rstrip("]").removeprefix("default: ").split("; ")]
    bounds = ", ".join(_in_words(words) for words in said if _BOUND.search(words))
    text = f"{text.removesuffix('.')}: {bounds}." if bounds else text
    return Option(spelt, text, "; ".join(words for words in said if not _BOUND.search(words)))


def _in_words(bound: str) -> str:
    return re.sub(r"x>=(\d+)", r"\1 or more", re.sub(r"(\d+)<=x<=(\d+)", r"\1 to \2", bound))


def _one_line(text: str) -> str:
    return " ".join(text.replace("\b", "").split())
