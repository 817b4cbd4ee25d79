"""Kinds of values: what may be written, what it becomes, and how it is shown again.

All layers say their values as texts, the command line and YAML too (`Raw`), so that a value means the same and is
refused in the same words wherever it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from jughpc import units
from jughpc.errors import SettingError

T = TypeVar("T")

_MOST = 2**31 - 1  # what schedulers count in
_MOST_WORKERS = 4096  # in one element: more than any node has cores
_LONGEST = 3650 * 86400.0  # [s] longer than any queue's limit
_LARGEST = 1 << 60  # [bytes]
_LARGEST_FACTOR = 100
_YES = frozenset({"1", "true", "on", "yes", "y"})
_NO = frozenset({"", "0", "false", "off", "no", "n"})  # as jug reads them

_WHOLE = r"[+-]?[0-9]{1,30}"
_BARE = r"([0-9]{1,12}(?:\.[0-9]*)?|\.[0-9]+)s?"
_UNFIT = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
"""What no script, log or terminal carries: control characters, line breaks, and bytes that were not UTF-8."""


@dataclass(frozen=True)
class Odd:
    """What YAML can say and an option cannot.

    Attributes:
        what: In words: "null", "a mapping".
        text: What stands there, if it is one word.
        lines: What a mapping says of each of its keys, `key:name=value,name=value`, if that is a mapping of words.
    """

    what: str
    text: str = ""
    lines: tuple[str, ...] = ()


Raw = str | tuple[str, ...] | Odd
"""A value as it was said, before it is known what it is to be."""


@dataclass(frozen=True, eq=False, repr=False)  # fewer methods to be made at each start
class Kind(Generic[T]):
    """What may be said for a setting.

    Attributes:
        write: What to write instead of what is wrong: "a whole number, 1 or more".
        brief: The same in a help text, "" where it goes without saying.
        metavar: Stands for the value in a usage line, "" for a switch.
        read: Returns the value that a raw one means. Raises SettingError, which does not know where it was said.
        show: Returns the text that people write for a value.
        many: Whether an option of it may be given several times.
        add: Returns what a lower and a higher layer say together; None where the higher one says all.
        words: All that may be said, where these are few.
    """

    write: str
    brief: str
    metavar: str
    read: Callable[[Raw], T]
    show: Callable[[T], str]
    many: bool = False
    add: Callable[[T, T], T] | None = None
    words: tuple[str, ...] = ()


def whole(least: int) -> Kind[int]:
    """Return the kind of whole numbers of at least `least`."""
    write = f"a whole number, {least} or more"

    def read(raw: Raw) -> int:
        text = _one(raw, write).strip()
        if not re.fullmatch(_WHOLE, text):
            raise SettingError(f"{text!r} is no whole number; write {write}.")
        if not least <= int(text) <= _MOST:
            side = f"less than {least}" if int(text) < least else f"more than {_MOST}"
            raise SettingError(f"{text} is {side}; write {write}.")
        return int(text)

    return Kind(write, f"{least} or more", "N", read, str)


AUTO = 0
"""How many there are by themselves."""


def _count(metavar: str, most: int) -> Kind[int]:
    """Return the kind of whole numbers from 1 to `most`, or AUTO."""
    write = "a whole number, 1 or more, or auto"

    def read(raw: Raw) -> int:
        text = _one(raw, write).strip()
        if text == "auto":
            return AUTO
        if not re.fullmatch(_WHOLE, text):
            raise SettingError(f"{text!r} is neither a whole number nor auto; write {write}.")
        if not 1 <= int(text) <= most:
            side = "less than 1" if int(text) < 1 else f"more than {most}"
            raise SettingError(f"{text} is {side}; write {write}.")
        return int(text)

    return Kind(write, "1 or more, or auto", metavar, read, lambda value: str(value or "auto"))


COUNT = _count("K", _MOST_WORKERS)
"""How many workers there are in one element; AUTO for as many as it got cores or GPUs."""

ELEMENTS = _count("N", _MOST)
"""How many elements there are in an array; AUTO for as many as it takes."""


def choice(*words: str) -> Kind[str]:
    """Return the kind of which there are these words."""
    write = " or ".join(words)

    def read(raw: Raw) -> str:
        text = _one(raw, write).strip()
        if text not in words:
            raise SettingError(f"{text!r} is none of them; write {write}.")
        return text

    return Kind(write, write, "HOW", read, str, words=words)


def _show_seconds(value: float) -> str:
    """Return a time [s] to the millisecond, as it may be written again."""
    return units.show_seconds(value) if value == int(value) else f"{value:.3f}".rstrip("0") + "s"


def _walltime(raw: Raw) -> float:
    text = _one(raw, WALLTIME.write)
    value = round(units.seconds(text), 3)
    if not 1 <= value <= _LONGEST:
        raise SettingError(f"{text!r} is {'less than 1s' if value < 1 else 'more than 3650d'}; write {WALLTIME.write}.")
    return value


WALLTIME = Kind("a time such as 90m, 1h30m or 2-12:00:00", "90m, 1h30m, 2-12:00:00", "TIME", _walltime, _show_seconds)
"""How long a job may run [s]. It goes to schedulers that disagree on bare numbers, so a unit is asked for."""


def pause(least: float) -> Kind[float]:
    """Return the kind of times between events of our own [s], of at least `least`; a bare number is seconds."""
    write = "seconds, or a time such as 15s or 3m" if least else "seconds, 0 or more, or a time such as 15s or 3m"

    def read(raw: Raw) -> float:
        text = _one(raw, write).strip()
        bare = re.fullmatch(_BARE, text)
        value = round(float(bare[1]) if bare else _seconds(text, write), 3)
        if not least <= value <= _LONGEST:
            side = f"less than {least:g}s" if value < least else "more than 3650d"
            raise SettingError(f"{text!r} is {side}; write {write}.")
        return value

    return Kind(write, "15s, 3m", "TIME", read, _show_seconds)


def _seconds(text: str, write: str) -> float:
    try:
        return units.seconds(text)
    except SettingError:
        raise SettingError(f"{text!r} is no time; write {write}.") from None


def _size(raw: Raw) -> int:
    text = _one(raw, SIZE.write)
    value = units.memory(text)
    if value > _LARGEST:
        raise SettingError(f"{text!r} is more than any machine has; write {SIZE.write}.")
    return value


SIZE = Kind("a size such as 4G or 512M", "4G, 512M", "SIZE", _size, units.show_memory)
"""Memory [bytes]."""


def _factor(raw: Raw) -> float:
    text = _one(raw, FACTOR.write).strip()
    match = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)x", text)
    if not match:
        raise SettingError(f"{text!r} is no factor; write {FACTOR.write}.")
    if not 1 < float(match[1]) <= _LARGEST_FACTOR:
        raise SettingError(f"{text} is not between 1x and {_LARGEST_FACTOR}x; write {FACTOR.write}.")
    return float(match[1])


FACTOR = Kind("a factor such as 2x or 1.5x", "2x, 1.5x", "FACTOR", _factor, lambda value: f"{value:g}x")
"""How many times as much of something."""


def line(metavar: str) -> Kind[str]:
    """Return the kind of texts that fit into one line of a script."""
    return Kind(_LINE, "", metavar, _line, str)


def _line(raw: Raw) -> str:
    text = _one(raw, _LINE)
    if not text.strip():
        raise SettingError(f"it is empty; write {_LINE}, or leave it out.")
    _check(text, text, _LINE)
    return text


_LINE = "a text of one line"


def _path(raw: Raw) -> Path:
    path = Path(_line(raw)).absolute()
    if any(len(part.encode()) > 255 for part in path.parts) or len(str(path).encode()) > 4095:
        raise SettingError(f"{raw!r} is longer than any name of a file; write {PATH.write}.")
    return path


PATH: Kind[Path] = Kind("a path", "", "DIR", _path, str)
"""A path (absolute), from the folder where the command is typed."""


def _flag(raw: Raw) -> bool:
    word = raw.text if isinstance(raw, Odd) and raw.text else _one(raw, FLAG.write)
    if word.lower() not in _YES | _NO:
        raise SettingError(f"{word!r} is neither yes nor no; write {FLAG.write}.")
    return word.lower() in _YES


def _numbers(raw: Raw) -> tuple[range, ...]:
    text = _one(raw, NUMBERS.write).replace(" ", "")
    if not re.fullmatch(r"[0-9]{1,9}(?:-[0-9]{1,9})?(?:,[0-9]{1,9}(?:-[0-9]{1,9})?)*", text):
        raise SettingError(f"{text!r} are no numbers of elements; write {NUMBERS.write}.")
    ends = [part.partition("-") for part in text.split(",")]
    return tuple(range(int(first), int(last or first) + 1) for first, _, last in ends)


def _show_numbers(parts: tuple[range, ...]) -> str:
    return ",".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else f"{part[0]}" for part in parts if part)


NUMBERS: Kind[tuple[range, ...]] = Kind("numbers such as 3-7,9", "3-7,9", "N,N-M", _numbers, _show_numbers)


FLAG: Kind[bool] = Kind("yes or no", "", "", _flag, lambda value: "yes" if value else "no")


def _lines(raw: Raw) -> tuple[str, ...]:
    """Return lines: those of one text, or a list of them, none of which may be broken again."""
    if isinstance(raw, Odd):
        raise SettingError(f"{raw.what} says nothing here; write {LINES.write}.")
    lines = raw if isinstance(raw, tuple) else tuple(raw.removesuffix("\n").split("\n")) if raw else ()
    for text in lines:
        _check(text, text.replace("\t", " "), LINES.write)
    return lines


LINES: Kind[tuple[str, ...]] = Kind("a line, or a list of lines", "repeatable", "LINE", _lines, " | ".join, many=True)
"""Lines of shell, in their order; they may be indented by tabs."""


def _one(raw: Raw, write: str) -> str:
    """Return the one text that was said. Raises SettingError for a list and what YAML alone can say."""
    if isinstance(raw, str):
        return raw
    what = raw.what if isinstance(raw, Odd) else "a list"
    raise SettingError(f"{what} says nothing here; write {write}.")


def _check(text: str, judged: str, write: str) -> None:
    if found := re.search(_UNFIT, judged):
        raise SettingError(f"{text!r} holds {_name(found[0])}, which no script can carry; write {write}.")


def _name(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return "bytes that are not UTF-8"
    return "a line break" if character in "\n\r\x85\u2028\u2029" else "a control character"
