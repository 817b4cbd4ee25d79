"""What the commands of a batch system say: shared by all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Protocol

EPOCH = 1_795_357_512.0
"""What the batch system's wall clock shows when a history begins [Unix s]."""

Read = Callable[[str], str | None]
"""Returns the text of a script, None if there is none."""


@dataclass(frozen=True)
class Caller:
    """Who runs a command, and where.

    Attributes:
        user: As the system knows him.
        host: The host he is on.
        workdir: His current folder.
    """

    user: str
    host: str = "login01"
    workdir: str = "/home/ada/run"


@dataclass(frozen=True)
class Answer:
    """What a command printed.

    Attributes:
        again: Whether the command itself asks again in a while, before it gives this answer.
    """

    code: int = 0
    stdout: str = ""
    stderr: str = ""
    again: bool = False


class System(Protocol):
    """The commands of one batch system."""

    def answer(self, argv: Sequence[str], caller: Caller) -> Answer:
        """Do what a command asks for, now, and return what it prints."""

    def away(self, argv: Sequence[str]) -> Answer:
        """Return what a command prints when the server does not run; nothing is done."""

    def hung(self, argv: Sequence[str]) -> Answer | None:
        """Return what a command prints when the server did not answer for long; None if it waits for ever."""


def system_of(command: str) -> str:
    """Return the name of the system that has this command."""
    return "pbs" if command.startswith("q") else "slurm"


def stamp(seconds: float) -> str:
    """Return a time as Slurm writes it."""
    return _written(int(seconds), "%Y-%m-%dT%H:%M:%S")


def ctime(seconds: float) -> str:
    """Return a time as PBS writes it."""
    return _written(int(seconds), "%a %b %d %H:%M:%S %Y")


@lru_cache(maxsize=1000)
def _written(seconds: int, layout: str) -> str:
    return datetime.fromtimestamp(EPOCH + seconds, timezone.utc).strftime(layout)


def span(seconds: float) -> str:
    """Return a time span as squeue writes it: `10:00`, `1:00:00`, `2-03:05:00`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}-{hours:02}:{minutes:02}:{rest:02}"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(seconds: float) -> str:
    """Return a time span as HH:MM:SS."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}"


def ranges(numbers: Sequence[int]) -> str:
    """Return `0-3,7` for 0, 1, 2, 3 and 7."""
    parts: list[str] = []
    first = last = None
    for number in [*numbers, None]:
        if first is not None and (number is None or last is None or number != last + 1):
            parts.append(str(first) if first == last else f"{first}-{last}")
            first = None
        if first is None:
            first = number
        last = number
    return ",".join(parts)
