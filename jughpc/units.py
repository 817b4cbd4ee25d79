"""Times and memory sizes: how people write them, seconds and bytes, and how schedulers read them.

A bare number is refused: one batch system reads `90` as minutes, another as seconds; `4000` as MiB, or as bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime

from jughpc.errors import SettingError

_ETERNITY = 1e11  # [s]
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_BYTES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}

# Texts, compiled when they are needed: most commands read no time and no size.
_PARTS = r"(?:\d+(?:\.\d+)?[dhms])+"
_PART = r"(\d+(?:\.\d+)?)([dhms])"
_CLOCK = r"(?:(?P<days>\d+)-)?(?P<clock>\d+(?::\d+){0,2})"
_SIZE = r"(?i)(\d+(?:\.\d+)?)([KMGT])(?:I?B)?"


def seconds(text: str) -> float:
    """Return the time that `text` says [s], more than 0.

    Reads `90m`, `1h30m`, `1.5d`; `HH:MM:SS`, `MM:SS`; `2-12`, `2-12:00`, `2-12:00:00` with days first.

    Raises:
        SettingError: It says no time.
    """
    compact = text.strip().lower().replace(" ", "")
    value = _from_parts(compact) if re.fullmatch(_PARTS, compact) else _from_clock(compact)
    if not value or not math.isfinite(value):
        raise SettingError(_bad_time(text))
    return value


def memory(text: str) -> int:
    """Return the memory that `text` says [bytes], more than 0.

    Reads `4G`, `512M`, `1.5T`, `4GB`, `4 GiB`; units are binary, as schedulers count them.

    Raises:
        SettingError: It says no size.
    """
    match = re.fullmatch(_SIZE, text.strip().replace(" ", ""))
    value = float(match[1]) * _BYTES[match[2].upper()] if match else 0.0
    if value < 1 or not math.isfinite(value):
        raise SettingError(
            f"{text!r} is no memory size. Write a number and a unit, K, M, G or T, for example 4G or 512M."
        )
    return int(value)


def show_seconds(value: float) -> str:
    """Return `value` [s] as people write it: `1h30m`, `2d12h`, `45s`; parts of a second are dropped."""
    left, parts = int(value), []
    for unit, size in _SECONDS.items():
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def moment(when: float, layout: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Return Unix seconds as this host's clock shows them; what was read somewhere may be no time of any clock."""

    try:
        return datetime.fromtimestamp(when).strftime(layout)
    except (ValueError, OverflowError, OSError):
        return "at no time"


def about(value: float) -> str:
    """Return `value` [s] as people say it, by its two largest units: `2d3h`, `14m`, `9.5s`, `25ms`.

    What was read somewhere may be no time that anybody could have waited.
    """
    if not value < _ETERNITY:
        return "for ever"
    if value < 0.0995:
        return f"{1000 * value:.2g}ms"
    if value < 9.95:
        return f"{value:.2g}s"
    least = next((size for size, at in ((3600, 86400), (60, 600), (1, 10)) if value >= at), 1)
    return show_seconds(least * round(value / least))


def show_memory(value: int) -> str:
    """Return `value` [bytes] as people write it: `4G`, `1.5G`, `100K`; rounded to three decimals."""
    unit = max((unit for unit in _BYTES if _BYTES[unit] <= value), key=_BYTES.__getitem__, default="K")
    return f"{round(value / _BYTES[unit], 3):g}{unit}"


def walltime(value: float) -> str:
    """Return `value` [s] as HH:MM:SS, rounded up: all batch systems read it alike, more than 99 hours too."""
    minutes, rest = divmod(math.ceil(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}"


def mebibytes(value: int) -> int:
    """Return `value` [bytes] in MiB, rounded up."""
    return -(-value // _BYTES["M"])


def _from_parts(compact: str) -> float:
    return math.fsum(float(number) * _SECONDS[unit] for number, unit in re.findall(_PART, compact))


def _from_clock(compact: str) -> float:
    """Return the seconds of a clock time, 0 for anything else, a bare number included."""
    match = re.fullmatch(_CLOCK, compact)
    if not match or compact.isdigit():
        return 0
    fields = [float(field) for field in match["clock"].split(":")]
    if match["days"] is None:  # the last field is seconds
        return _weigh([0.0] * (3 - len(fields)) + fields)
    return float(match["days"]) * _SECONDS["d"] + _weigh(fields + [0.0] * (3 - len(fields)))


def _weigh(fields: list[float]) -> float:
    return fields[0] * 3600 + fields[1] * 60 + fields[2]


def _bad_time(text: str) -> str:
    if text.strip().isdigit():
        return (
            f"{text!r} has no unit: one batch system would read minutes, another seconds. "
            f"Write {text.strip()}m for minutes or {text.strip()}s for seconds."
        )
    return (
        f"{text!r} is no time. Write numbers with d, h, m or s, or [days-]hours:minutes:seconds, "
        "for example 90m, 1h30m or 2-12:00:00."
    )


def ranges(numbers: Sequence[int]) -> str:
    """Return ascending whole numbers as people write them: ``0-3,7``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ",".join("-".join(map(str, part)) for part in parts)


def several(count: int, noun: str) -> str:
    """Return a count of things in words: `1 task`, `2 tasks`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")
