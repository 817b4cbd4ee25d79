"""What a function's tasks ask of the batch system, where that is not what all others do.

A decorator says it of its function (`Ask.of`), a file or an option of all functions that a pattern names (`Rule`).
Functions that ask for the same are of one class, which is called as what they ask for is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from jughpc.config.kinds import SIZE, WALLTIME, Kind, Odd, Raw, line, whole
from jughpc.errors import SettingError

_WORD = line("NAME")

KEYS: Mapping[str, Kind[Any]] = {
    "account": _WORD, "constraint": _WORD, "cpus": whole(1), "gpus": whole(0), "mem": SIZE, "partition": _WORD,
    "qos": _WORD, "tasks": whole(1), "time": WALLTIME,
}  # fmt: skip
"""What may be asked for, by the names of the fields of `Ask`."""

DEFAULT = "default"
"""The class of functions that ask for nothing of their own."""

_WRITE = "a line such as train*:gpus=1,time=4h, or a list of such lines"


@dataclass(frozen=True)
class Ask:
    """What elements that run a function ask for in place of what others do; None is as the others.

    Attributes:
        constraint: The features that a node must have.
        tasks: Processes that the function starts itself, by `srun` or `mpiexec`: `cpus`, `gpus`, `mem` are of each.
        time: How long an element may run [s].
        mem: [bytes].
    """

    account: str | None = None
    constraint: str | None = None
    cpus: int | None = None
    gpus: int | None = None
    mem: int | None = None
    partition: str | None = None
    qos: str | None = None
    tasks: int | None = None
    time: float | None = None

    @classmethod
    def of(cls, said: Mapping[str, object]) -> Ask:
        """Return what is said by key, values being as people write them or numbers; None says nothing.

        Raises SettingError.
        """
        if not isinstance(said, Mapping):
            raise SettingError(f"resources are {said!r}; write a dict such as dict(gpus=1, time='4h').")
        return cls(**{key: _value(key, value) for key, value in said.items() if value is not None})

    def said(self) -> dict[str, Any]:
        """Return what is asked for, by key."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {key: value for key, value in found.items() if value is not None}

    def over(self, lower: Ask) -> Ask:
        """Return both together, of which this one wins."""
        return Ask(**{**lower.said(), **self.said()})

    def __str__(self) -> str:
        """Return the name of its class."""
        return ",".join(f"{key}={KEYS[key].show(value)}" for key, value in self.said().items()) or DEFAULT


@dataclass(frozen=True)
class Rule:
    """What functions ask for whose name, or its end behind a dot, matches a shell pattern."""

    pattern: str
    ask: Ask

    def __str__(self) -> str:
        return f"{self.pattern}:{self.ask}" if self.ask.said() else self.pattern


NOTHING = Rule("none", Ask())
"""Stands before rules that hold without those of lower layers; no function asks for anything by it."""


def _value(key: str, value: object) -> Any:
    if key not in KEYS:
        raise SettingError(f"there is no resource {key!r}; write one of {', '.join(KEYS)}.")
    try:
        return KEYS[key].read(value if isinstance(value, str) else str(value))
    except SettingError as error:
        raise SettingError(f"{key}: {error}") from None


def _rules(raw: Raw) -> tuple[Rule, ...]:
    """Return rules in their order: those behind the last `none`, with it, if there is one."""
    if isinstance(raw, Odd) and not raw.lines:
        raise SettingError(f"{raw.what} says nothing here; write {_WRITE}.")
    lines = raw.lines if isinstance(raw, Odd) else raw if isinstance(raw, tuple) else raw.splitlines()
    found: list[Rule] = []
    for text in filter(None, map(str.strip, lines)):
        rule = NOTHING if text == NOTHING.pattern else _rule(text)
        found = [rule] if rule == NOTHING else [*found, rule]
    return tuple(found)


def _rule(text: str) -> Rule:
    pattern, colon, said = (part.strip() for part in _WORD.read(text).partition(":"))
    if not (pattern and colon and said):
        raise SettingError(f"{text!r} names no functions with what they ask for; write {_WRITE}.")
    try:
        return Rule(pattern, Ask.of(_pairs(said)))
    except SettingError as error:
        raise SettingError(f"{text!r}: {error}") from None


def _pairs(text: str) -> dict[str, str]:
    """Return what `a=1,b=2` says; a value may hold commas itself."""
    found: dict[str, str] = {}
    key = ""
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if equals:
            key = name.strip()
            if key in found:
                raise SettingError(f"{key} stands there twice; write it once.")
            found[key] = value.strip()
        elif key:
            found[key] += f",{part.strip()}"
        else:
            raise SettingError(f"{part!r} has no value; write {_WRITE}.")
    return found


def _both(lower: Sequence[Rule], upper: Sequence[Rule]) -> tuple[Rule, ...]:
    return tuple(upper) if NOTHING in upper else (*lower, *upper)


def _shown(rules: Sequence[Rule]) -> str:
    return " | ".join(map(str, rules))


RULES: Kind[tuple[Rule, ...]] = Kind(
    _WRITE, "repeatable", "PATTERN:KEY=VALUE,...", _rules, _shown, many=True, add=_both
)
"""What functions ask for: the rules of all layers hold; of those that name a function the later wins, key by key."""
