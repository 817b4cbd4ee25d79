"""What the script of a job of ours says to what it starts: its environment, and its command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from jughpc.testing.cluster.answers import EPOCH
from jughpc.testing.cluster.processes import Start

_EXPORT = re.compile(r"^export (JUGHPC_\w+)=(.*)$", re.M)
_OFFSET = re.compile(r"\$\(\(index \+ (\d+)\)\)")


def environ(text: str, start: Start, owner: str, run: int) -> Mapping[str, str]:
    """Return the variables of ours that a script sets for an element.

    Args:
        owner, run: The element and its run, as the batch system's own variables make them.
    """
    found = {name: _value(words, start) for name, words in _EXPORT.findall(text)}
    ends = {} if start.deadline is None else {"JUGHPC_DEADLINE": f"{EPOCH + start.deadline:.0f}"}
    own = {"JUGHPC_OWNER": f"{owner}.{run}", "JUGHPC_RUN": str(run), "JUGHPC_DEADLINE": ""}
    return {name: value for name, value in {**found, **own, **ends}.items() if value}


def _value(words: str, start: Start) -> str:
    index = str(start.element.index)
    if match := _OFFSET.fullmatch(words):
        return str(start.element.index + int(match[1]))
    return "".join(shlex.split(words.replace('-"$index"', f"-{index}")))


@dataclass(frozen=True)
class Command:
    """A command of ours, as a script runs it.

    Attributes:
        name: `execute`, `collect` or `reduce`.
        options: Its long options that have a value, by name.
        flags: Those that have none.
    """

    name: str
    options: Mapping[str, str]
    flags: frozenset[str]


def command(argv: tuple[str, ...]) -> Command:
    """Return the command that `argv` runs."""
    name, words = argv[3], list(argv[4:])
    for option in ("--jugdir", "--as-submitted"):  # these are spelled as two words
        if option in words:
            place = words.index(option)
            words[place : place + 2] = [f"{option}={words[place + 1]}"]
    pairs = [word[2:].partition("=") for word in words if word.startswith("--")]
    options = {key: value for key, sign, value in pairs if sign}
    return Command(name, options, frozenset(key for key, sign, _ in pairs if not sign))
