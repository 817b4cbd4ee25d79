"""Partitions that take what fits them, and what is never said to a scheduler: how a site writes both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from jughpc.config.kinds import SIZE, WALLTIME, Kind, Odd, Raw, line, whole
from jughpc.errors import SettingError

_WRITE = "a line such as short:time<=4h,array<=16, or a list of such lines"
_NAME = line("NAME")
ASKED: dict[str, Kind[Any]] = {"array": whole(1), "cpus": whole(1), "gpus": whole(0), "mem": SIZE, "time": WALLTIME}
"""What partitions have bounds for."""

_BOUND = re.compile(r"\s*(\w+)\s*(<=|>=)\s*(\S+)\s*")

OMITTED = ("account", "cpus", "gpus", "mem", "partition", "place", "project", "qos", "select", "time")
"""What a site may want no job to say."""

_WRITE_OMIT = f"some of {', '.join(OMITTED)}"


@dataclass(frozen=True)
class Bound:
    """What a partition takes: `key` up to `value`, or from it on.

    Attributes:
        key: One of array, cpus, gpus, mem, time.
        is_most: Whether it is the most, not the least.
        value: In [s] and [bytes].
    """

    key: str
    is_most: bool
    value: float

    def __str__(self) -> str:
        return f"{self.key}{'<=' if self.is_most else '>='}{ASKED[self.key].show(self.value)}"

    def holds(self, asked: float | None) -> bool:
        """Return whether what is asked for keeps to it; what is not asked for does not, but for GPUs: that is none."""
        if asked is None and self.key == "gpus":
            asked = 0
        return asked is not None and (asked <= self.value if self.is_most else asked >= self.value)


@dataclass(frozen=True)
class Queue:
    """A partition, and all that must hold for it to be taken."""

    name: str
    bounds: tuple[Bound, ...] = ()

    def __str__(self) -> str:
        return self.name + (":" + ",".join(map(str, self.bounds)) if self.bounds else "")


def _texts(raw: Raw, write: str) -> Sequence[str]:
    if isinstance(raw, Odd):
        raise SettingError(f"{raw.what} says nothing here; write {write}.")
    return raw if isinstance(raw, tuple) else raw.splitlines()


def _queues(raw: Raw) -> tuple[Queue, ...]:
    return tuple(_one(text.strip()) for text in _texts(raw, _WRITE) if text.strip())


def _one(text: str) -> Queue:
    name, _, said = _NAME.read(text).partition(":")
    if not name.strip():
        raise SettingError(f"{text!r} names no partition; write {_WRITE}.")
    return Queue(name.strip(), tuple(_bounds(said)))


def _bounds(text: str) -> Iterator[Bound]:
    for part in filter(None, map(str.strip, text.split(","))):
        match = _BOUND.fullmatch(part)
        if not match or match[1] not in ASKED:
            raise SettingError(f"{part!r} is no bound on {', '.join(ASKED)}; write {_WRITE}.")
        try:
            yield Bound(match[1], match[2] == "<=", ASKED[match[1]].read(match[3]))
        except SettingError as error:
            raise SettingError(f"{part!r}: {error}") from None


def _omit(raw: Raw) -> tuple[str, ...]:
    words = [word.strip() for text in _texts(raw, _WRITE_OMIT) for word in text.split(",")]
    for word in filter(None, words):
        if word not in OMITTED:
            raise SettingError(f"{word!r} is nothing that jobs ask for; write {_WRITE_OMIT}.")
    return tuple(filter(None, words))


PARTITIONS: Kind[tuple[Queue, ...]] = Kind(
    _WRITE, "repeatable", "NAME:BOUND,...", _queues, lambda queues: " | ".join(map(str, queues)), many=True
)
"""Partitions, of which the first is taken whose bounds all hold."""

OMIT: Kind[tuple[str, ...]] = Kind(_WRITE_OMIT, "", "NAME,...", _omit, ",".join, many=True)
"""Names of settings of which nothing is said to the scheduler."""
