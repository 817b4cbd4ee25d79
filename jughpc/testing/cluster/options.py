"""Options of submit commands, on the command line and in the directives of scripts, as getopt reads them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from jughpc.testing.cluster.model import Ask


class OptionError(Exception):
    """An option that the command does not know, or that lacks its value."""


Given = list[tuple[str, str]]
"""Options by their long names, with their values, "" for those that have none, in the order given."""


def parse(words: Sequence[str], longs: Mapping[str, bool], shorts: Mapping[str, str]) -> tuple[Given, list[str]]:
    """Return the options and what is none. The first word that is no option ends them, or `--` does.

    Args:
        longs: Whether each long option has a value.
        shorts: The long option that each letter means.
    Raises:
        OptionError: One is not known, or its value is missing.
    """
    given: Given = []
    left = list(words)
    while left and left[0].startswith("-") and left[0] != "-":
        word = left.pop(0)
        if word == "--":
            break
        if word.startswith("--"):
            given.append(_long(word, left, longs))
        else:
            given += _shorts(word[1:], left, longs, shorts)
    return given, left


def directives(script: str, prefix: str) -> list[str]:
    """Return the words after `prefix` in a script's head, which ends at the first line that is a command."""
    words: list[str] = []
    for line in script.splitlines():
        if line.startswith(prefix):
            words += shlex.split(line.removeprefix(prefix), comments=True)
        elif line.strip() and not line.startswith("#"):
            break
    return words


def command_of(script: str) -> tuple[str, ...]:
    """Return what a script runs in its last line, without `exec`."""
    lines = script.rstrip().splitlines()
    words = shlex.split(lines[-1], comments=True) if lines else []
    return tuple(words[1:] if words[:1] == ["exec"] else words)


def seconds(text: str) -> float | None:
    """Return the time limit that `MM`, `MM:SS`, `HH:MM:SS`, `D-HH[:MM[:SS]]` says [s], None if it says none."""
    days, _, clock = text.rpartition("-")
    fields = clock.split(":")
    if not all(field.isdigit() for field in fields) or not (days.isdigit() or not days) or len(fields) > 3:
        return None
    numbers = [int(field) for field in fields]
    if days:
        hours, minutes, rest = [*numbers, 0, 0][:3]
    elif len(numbers) == 3:
        hours, minutes, rest = numbers
    else:
        hours, minutes, rest = 0, *[*numbers, 0][:2]
    return float(int(days or 0) * 86400 + hours * 3600 + minutes * 60 + rest)


def indices(text: str) -> tuple[tuple[int, ...], int | None] | None:
    """Return the indices and the throttle that `0-7%2` or `1,3,5-9:2` says, None if it says none."""
    ranges, _, bound = text.partition("%")
    if bound and not (bound.isdigit() and int(bound)):
        return None
    found: list[int] = []
    for part in ranges.split(","):
        span, _, step = part.partition(":")
        first, dash, last = span.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or (step and not (step.isdigit() and int(step))):
            return None
        found += range(int(first), int(last or first) + 1, int(step or 1))
    return (tuple(sorted(set(found))), int(bound) if bound else None) if found else None


def as_array(ask: Ask, text: str) -> Ask | None:
    """Return `ask` as an array over the indices that `text` says, None if it says none."""
    found = indices(text)
    return found and replace(ask, array=True, indices=found[0], throttle=found[1])


def _long(word: str, left: list[str], longs: Mapping[str, bool]) -> tuple[str, str]:
    name, equals, value = word[2:].partition("=")
    name = _unabbreviated(name, longs)
    if not longs[name]:
        return name, ""
    if not equals and not left:
        raise OptionError(word)
    return name, value if equals else left.pop(0)


def _unabbreviated(name: str, longs: Mapping[str, bool]) -> str:
    if name in longs:
        return name
    meant = [known for known in longs if known.startswith(name)]
    if len(meant) != 1:
        raise OptionError(f"--{name}")
    return meant[0]


def _shorts(
    letters: str, left: list[str], longs: Mapping[str, bool], shorts: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    while letters:
        letter, letters = letters[0], letters[1:]
        if letter not in shorts:
            raise OptionError(f"-{letter}")
        name = shorts[letter]
        if not longs[name]:
            yield name, ""
            continue
        if not letters and not left:
            raise OptionError(f"-{letter}")
        yield name, letters or left.pop(0)
        return
