"""What a site makes of what a submission asks for: a partition that fits, what is left out, what is too much."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from jughpc.config.kinds import SIZE, WALLTIME, Kind, Odd, Raw, line, whole
from jughpc.errors import SettingError

if TYPE_CHECKING:
    from jughpc.config.settings import Settings

_WRITE = "a line such as short:time<=4h,array<=16, or a list of such lines"
_NAME = line("NAME")
_ASKED: dict[str, Kind[Any]] = {"array": whole(1), "cpus": whole(1), "gpus": whole(0), "mem": SIZE, "time": WALLTIME}
_OF_ALL = ("time", "mem")  # which functions may ask for by themselves, too
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
        return f"{self.key}{'<=' if self.is_most else '>='}{_ASKED[self.key].show(self.value)}"

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


def fitted(values: Settings, size: int | None) -> Settings:
    """Return the settings as they hold for an array of `size` elements, None where that is not known yet.

    Raises:
        SettingError: More is asked for than is allowed.
    """
    _check(values, size)
    if values.partition is None and (found := _queue(values, size)):
        values = _with(values, "partition", found.name, f"{values.origin('partitions')}, {found}")
    for name in _OF_ALL:  # what is tried again with more gets no more than that
        if getattr(values, f"{name}_max") is None and (most := getattr(values, f"limit_{name}")) is not None:
            values = _with(values, f"{name}_max", most, values.origin(f"limit_{name}"))
    for name in values.omit:
        values = _with(values, name, None, f"{values.origin('omit')}, omit")
    return values


def own_options(values: Settings) -> tuple[str, ...]:
    """Return the options of the scheduler's own that settings give to arrays. Raises SettingError."""
    import shlex  # here, for most commands run no job

    try:
        return tuple(word for text in values.directives for word in shlex.split(text))
    except ValueError as error:
        raise SettingError(f"{values.origin('directives')}: directives: {error}; quote it as a shell does.") from None


def _queue(values: Settings, size: int | None) -> Queue | None:
    asked = {"array": size, "cpus": values.cpus, "gpus": values.gpus, "mem": values.mem, "time": values.time}
    fitting = (one for one in values.partitions if all(bound.holds(asked[bound.key]) for bound in one.bounds))
    return next(fitting, None)


def _check(values: Settings, size: int | None) -> None:
    asked: list[tuple[str, str, Any]] = [("array", "--array", size)]
    asked += [(name, f"--{name}", getattr(values, name)) for name in _OF_ALL]
    asked += [
        (name, f"{rule.pattern}:{name}", getattr(rule.ask, name)) for rule in values.resources for name in _OF_ALL
    ]
    for name, said, value in asked:
        most, show = getattr(values, f"limit_{name}"), _ASKED[name].show
        if value is not None and most is not None and value > most:
            origin = values.origin(f"limit_{name}")
            raise SettingError(f"{said} {show(value)} is more than limit_{name}, {show(most)}, in {origin}.")


def _with(values: Settings, name: str, value: str | float | None, origin: str) -> Settings:
    return replace(values, **{name: value, "origins": {**values.origins, name: origin}})  # type: ignore[arg-type]  # by name


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
        if not match or match[1] not in _ASKED:
            raise SettingError(f"{part!r} is no bound on {', '.join(_ASKED)}; write {_WRITE}.")
        try:
            yield Bound(match[1], match[2] == "<=", _ASKED[match[1]].read(match[3]))
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
