"""What a life measured of the tasks that it ran: small, whatever their number; see docs/store-format.md.

Two lines of JSON, each behind its checksum: what each function took in all, then when, and the longest tasks one by
one. Whoever wants means alone reads the first.
"""

from __future__ import annotations

import json
import math
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FIRST = 1 << 16  # [bytes] of a file that hold its first line, but where functions are very many
LARGEST = 1 << 22  # [bytes] no worker writes a file of more
SHORTENED = 12  # hexadecimal digits that are kept of a digest

_MOST = float(1 << 62)


@dataclass
class Sums:
    """What some runs of tasks took together.

    Attributes:
        count: How many there were, those that failed included.
        failed: How many of these failed.
        wall, cpu: Their time, and the processor's [s].
        least, most: The shortest and the longest time of one [s].
        peak: The most memory that the process had while one of them ran [bytes], 0 if unknown.
        bins: How many took 2^(e-1) to 2^e seconds, by e.
    """

    count: int = 0
    failed: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    least: float = math.inf
    most: float = 0.0
    peak: int = 0
    bins: Counter[int] = field(default_factory=Counter)

    @property
    def mean(self) -> float:
        """The mean time of one [s], 0 if there was none."""
        return self.wall / self.count if self.count else 0.0

    def add(self, walls: Sequence[float], cpu: float, peak: int, failed: int) -> None:
        """Add runs that took `walls` [s] each; at least one."""
        self.count += len(walls)
        self.failed += failed
        self.wall += sum(walls)
        self.cpu += cpu
        self.least, self.most = min(self.least, *walls), max(self.most, *walls)
        self.peak = max(self.peak, peak)
        self.bins.update(map(itemgetter(1), map(math.frexp, walls)))

    def plus(self, other: Sums) -> Sums:
        """Return both together."""
        return Sums(
            self.count + other.count, self.failed + other.failed, self.wall + other.wall, self.cpu + other.cpu,
            min(self.least, other.least), max(self.most, other.most), max(self.peak, other.peak),
            self.bins + other.bins,
        )  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """What one life ran.

    Attributes:
        life: Its name.
        host: Where.
        begun, until: From when to when this was measured [Unix s by its own clock].
        cpu: Processor time of its process, loading and waiting included [s].
        peak: The most memory that it had [bytes].
        functions: What the tasks of each function took.
    """

    life: str
    host: str
    begun: float
    until: float
    cpu: float
    peak: int
    functions: Mapping[str, Sums]


class Slot(NamedTuple):
    """What ended, of one function, in one stretch of time.

    Attributes:
        number: The stretch is `number` to `number + 1` grains after the life began.
        ended: Tasks; a part of one where one stretch cannot be told from the next.
        wall: What they took [s], which may have been before this stretch.
    """

    name: str
    number: int
    ended: float
    wall: float


class Long(NamedTuple):
    """One of the longest tasks of a life.

    Attributes:
        digest: The first digits of its digest.
        start: When it began, after its life [s].
        wall, cpu: Its time, and the processor's [s].
        peak: The most memory that the process had meanwhile [bytes], 0 if it ran in a batch.
        failed: Whether it failed.
    """

    name: str
    digest: str
    start: float
    wall: float
    cpu: float
    peak: int
    failed: bool


@dataclass(frozen=True)
class Measures:
    """All that a life measured, as its worker keeps it.

    Attributes:
        grain: How long a stretch of time is [s].
        tasks: Its longest tasks, in no order.
    """

    summary: Summary
    grain: float
    slots: Sequence[Slot]
    tasks: Sequence[Long]


@dataclass(frozen=True, eq=False)
class Columns:
    """The same as it is read: of 10^6 tasks in columns.

    Attributes:
        names: The functions, which are numbers below.
        slots: (4, S) function, number, ended, wall; see Slot.
        tasks: (6, T) function, start, wall, cpu, peak, failed; see Long.
        digests: The first digits of each task's digest.
    """

    summary: Summary
    grain: float
    names: Sequence[str]
    slots: Floats
    tasks: Floats
    digests: str

    def rows(self) -> Measures:
        """Return it as it was kept."""
        slots = [Slot(self.names[int(f)], int(number), *rest) for f, number, *rest in self.slots.T.tolist()]
        tasks = [
            Long(self.names[int(f)], self.digest(place), start, wall, cpu, int(peak), bool(failed))
            for place, (f, start, wall, cpu, peak, failed) in enumerate(self.tasks.T.tolist())
        ]
        return Measures(self.summary, self.grain, slots, tasks)

    def digest(self, place: int) -> str:
        """Return the first digits of the digest of a task."""
        return self.digests[place * SHORTENED : (place + 1) * SHORTENED]


def encode(found: Measures) -> bytes:
    """Return the file of it."""
    summary = found.summary
    numbers = {name: number for number, name in enumerate(summary.functions)}
    first = {
        "life": summary.life, "host": summary.host, "begun": _short(summary.begun), "until": _short(summary.until),
        "cpu": _short(summary.cpu), "peak": summary.peak,
        "functions": {name: _of_sums(sums) for name, sums in summary.functions.items()},
    }  # fmt: skip
    second = {
        "grain": found.grain,
        "slots": _columns([(numbers[one.name], one.number, one.ended, one.wall) for one in found.slots], 4),
        "tasks": _columns([(numbers[name], *rest) for name, _, *rest in found.tasks], 6),
        "digests": "".join(one.digest for one in found.tasks),
    }
    return b"".join(map(_line, (first, second)))


def decode_summary(data: bytes, life: str) -> Summary | None:
    """Return what the first line tells of `life`, None if it is torn or none that a worker writes."""
    try:
        return _summary(_parsed(data.partition(b"\n")[0]), life)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def decode(data: bytes, life: str) -> Columns | None:
    """Return all that the file of `life` tells, None if it is torn or none that a worker writes."""
    first, _, rest = data.partition(b"\n")
    try:
        summary, second = _summary(_parsed(first), life), _parsed(rest.partition(b"\n")[0])
        names, grain = list(summary.functions), max(0.001, _number(second["grain"]))
        slots, tasks = (_table(second[key], width, len(names)) for key, width in (("slots", 4), ("tasks", 6)))
        return Columns(summary, grain, names, slots, tasks, str(second["digests"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None


def together(summaries: Iterable[Summary]) -> dict[str, Sums]:
    """Return what the tasks of each function took in several lives."""
    found: dict[str, Sums] = {}
    for summary in summaries:
        for name, sums in summary.functions.items():
            found[name] = found[name].plus(sums) if name in found else sums
    return found


def _line(content: Mapping[str, Any]) -> bytes:
    text = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _parsed(line: bytes) -> dict[str, Any]:
    """Return what a line holds. Raises ValueError if its checksum does not fit."""
    crc, _, text = line.rstrip(b" ").partition(b" ")
    if int(crc, 16) != zlib.crc32(text):
        raise ValueError("torn")
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _of_sums(sums: Sums) -> list[Any]:
    times = [_short(time, 7) for time in (sums.wall, sums.cpu, sums.least, sums.most)]
    return [sums.count, sums.failed, *times, sums.peak, {str(e): n for e, n in sorted(sums.bins.items())}]


def _summary(first: Mapping[str, Any], life: str) -> Summary:
    if first["life"] != life or not isinstance(first["host"], str):
        raise ValueError("of another life")
    functions = {str(name)[:1000]: _sums(row) for name, row in first["functions"].items()}
    begun, until, cpu, peak = (_number(first[key]) for key in ("begun", "until", "cpu", "peak"))
    return Summary(life, first["host"][:255], begun, max(begun, until), cpu, int(peak), functions)


def _sums(row: Sequence[Any]) -> Sums:
    *numbers, bins = row
    count, failed, wall, cpu, least, most, peak = map(_number, numbers)
    counted = Counter({int(e): int(_number(n)) for e, n in bins.items() if -64 <= int(e) <= 64})
    return Sums(int(count), int(failed), wall, cpu, least, most, int(peak), counted)


def _columns(rows: Sequence[Sequence[float]], width: int) -> list[list[float]]:
    return [[_short(value) for value in column] for column in zip(*rows, strict=True)] if rows else [[]] * width


def _table(columns: object, width: int, names: int) -> Floats:
    """Return columns, of which the first are numbers of functions. Raises ValueError, TypeError."""
    import numpy as np  # only now: who keeps measures needs it not

    found: Floats = np.array(columns, np.float64)
    if found.ndim != 2 or len(found) != width or not np.all((found >= 0) & (found < _MOST)):
        raise ValueError("no columns of ours")
    if np.any(found[0] >= names):
        raise ValueError("of no function")
    return found


def _number(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < _MOST:
        return value
    raise ValueError("no number of ours")


def _short(value: float, digits: int = 3) -> float:
    return value if isinstance(value, int) else round(value, digits)
