"""Two or more hosts in one folder: what each sees of the others, and when, by its own clock alone.

Each rewrites one record in place, with a counter, and makes a new name at each step. It echoes the
counters that it sees of the others, by reading and by listing; whose counter comes back knows how long
news takes there and back. All try to link the same names, and count those that they won.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from jughpc.app.doctor.finding import Finding, failure, fine, warning
from jughpc.fs import Clock, Files, LinksRefusedError
from jughpc.jsonfile import read_json, whole

PRIZES = 100
STEPS = 30  # after all have met

_NAME = re.compile(r"(\d{1,6})\.(?:beat|step\.(\d{1,9}))")
_STEP = 0.2  # [s]
_SIZE = 2048  # [bytes] of a record: less than a page, so a rewrite is one write
_PROMPT = 3.0  # [s] there and back; what takes longer is worth a word


@dataclass(frozen=True)
class Guest:
    """One who takes part.

    Attributes:
        number: Its own; the others have those below `guests`.
        ahead: How far the clock that stamps files is ahead of its host's [s].
    """

    number: int
    guests: int
    host: str
    ahead: float


@dataclass
class Memory:
    """What a guest saw so far.

    Attributes:
        read, listed: The highest counter of each other one, by reading and by listing.
        back: The highest of its own counters that all others echoed, by reading and by listing.
        sent: When it made each step [s, own clock].
        read_delay, listed_delay: The longest that an echo took [s].
        won: Names that it won.
    """

    read: dict[str, int] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    back: tuple[int, int] = (0, 0)
    sent: list[float] = field(default_factory=list)
    read_delay: float = 0.0
    listed_delay: float = 0.0
    won: int = 0


@dataclass(frozen=True)
class Report:
    """How the meeting went for one guest; delays there and back [s]."""

    number: int
    host: str
    ahead: float
    met: bool
    won: int
    read_delay: float
    listed_delay: float


def attend(files: Files, clock: Clock, guest: Guest, patience: float) -> None:
    """Take part in the meeting in the root of `files`, and leave a report there.

    Args:
        patience: How long to wait for the others [s].
    """
    memory, end, met = Memory(), clock.now() + patience, 0
    while met < STEPS and clock.now() < end:
        _step(files, clock, guest, memory)
        if len(memory.read) == guest.guests - 1:
            met += 1
            memory.won += _race(files, guest) if met == 1 else 0
        clock.sleep(_STEP)
    report = Report(
        guest.number, guest.host, guest.ahead, met == STEPS, memory.won, memory.read_delay, memory.listed_delay
    )
    files.write(f"{guest.number}.tmp", [json.dumps(asdict(report)).encode()])
    files.rename(f"{guest.number}.tmp", f"{guest.number}.report")


def reports(files: Files) -> list[Report]:
    """Return the reports that are there, each whole."""
    found = list[Report]()
    for name in files.names(""):
        if name.endswith(".report"):
            with suppress(ValueError, FileNotFoundError):
                found.append(whole(Report, read_json(files, name)))
    return sorted(found, key=lambda report: report.number)


def judge(found: Sequence[Report], lag: float) -> list[Finding]:
    """Return what the reports of all guests tell.

    Args:
        lag: The longest that a cache may hide a change, as workers believe [s].
    """
    hosts = sorted({report.host for report in found})
    if not all(report.met for report in found):
        advice = "This folder is not the same on all hosts, or they did not run at one time. Compare `df -T` there."
        return [failure("second host", f"{', '.join(hosts)} ran, and did not see each other", advice)]
    return [_hosts(hosts), _prizes(found), _delays(found, lag), _clocks(found)]


def _step(files: Files, clock: Clock, guest: Guest, memory: Memory) -> None:
    """Show a new counter, and look what the others show."""
    count = len(memory.sent) + 1
    memory.sent.append(clock.now())
    record = {"count": count, "read": memory.read, "listed": memory.listed}
    text = json.dumps(record).encode().ljust(_SIZE)
    if count == 1:
        files.write(f"{guest.number}.beat", [text])
    else:
        files.rewrite(f"{guest.number}.beat", text)
    files.write(f"{guest.number}.step.{count}", [])
    _look(files, clock, guest, memory)


def _look(files: Files, clock: Clock, guest: Guest, memory: Memory) -> None:
    matches = [match for name in files.names("") if (match := _NAME.fullmatch(name)) and match[1] != str(guest.number)]
    for number, step in (match.groups() for match in matches if match[2]):
        memory.listed[number] = max(int(step), memory.listed.get(number, 0))
    others = {match[1]: _record(files, match[1]) for match in matches if not match[2]}
    others = {number: record for number, record in others.items() if record}
    memory.read |= {number: record["count"] for number, record in others.items()}
    if len(others) == guest.guests - 1:
        _note_echoes(memory, str(guest.number), list(others.values()), clock.now())


def _note_echoes(memory: Memory, own: str, others: Sequence[dict[str, Any]], now: float) -> None:
    """Take note of own counters that came back from all others since the last look."""
    read, listed = (min(record[how].get(own, 0) for record in others) for how in ("read", "listed"))
    if read > memory.back[0] > 0:  # what came before the others were there tells nothing
        memory.read_delay = max(memory.read_delay, now - memory.sent[memory.back[0]])
    if listed > memory.back[1] > 0:
        memory.listed_delay = max(memory.listed_delay, now - memory.sent[memory.back[1]])
    memory.back = read, listed


def _record(files: Files, number: str) -> dict[str, Any]:
    """Return what a guest shows, {} if it is torn or not there yet, or no guest wrote that."""
    with suppress(ValueError, FileNotFoundError, AttributeError, KeyError, TypeError):
        record: dict[str, Any] = read_json(files, f"{number}.beat")
        counts = (record["count"], *record["read"].values(), *record["listed"].values())
        if all(type(count) is int and 0 <= count < 10**9 for count in counts):
            return record
    return {}


def _race(files: Files, guest: Guest) -> int:
    """Try to win every prize, each guest from another start; return how many were won."""
    start = guest.number * PRIZES // guest.guests
    return sum(_wins(files, f"prize.{(start + number) % PRIZES}", guest) for number in range(PRIZES))


def _wins(files: Files, name: str, guest: Guest) -> bool:
    try:
        files.link(f"{guest.number}.beat", name)
    except FileExistsError:
        return False
    except LinksRefusedError:  # then claims are made like this
        return _creates(files, name)
    return True


def _creates(files: Files, name: str) -> bool:
    try:
        files.write(name, [])
    except FileExistsError:
        return False
    return True


def _hosts(hosts: Sequence[str]) -> Finding:
    if len(hosts) > 1:
        return fine("second host", f"{', '.join(hosts)} met in this folder")
    advice = "Ask for elements on hosts of their own, for example: jughpc doctor --array 2 -- --exclusive."
    return warning("second host", f"all elements ran on {hosts[0]}, which says nothing of caches", advice)


def _prizes(found: Sequence[Report]) -> Finding:
    topic, won = "claims", sum(report.won for report in found)
    shares = " + ".join(str(report.won) for report in found)
    fact = f"of {PRIZES} names that all hosts tried to make, {shares} were made"
    if won == PRIZES:
        return fine(topic, f"{fact}: each by one")
    return failure(topic, fact, "A name must have one maker. Keep jugdirs on another file system: --jugdir DIR.")


def _delays(found: Sequence[Report], lag: float) -> Finding:
    topic = "news"
    read, listed = (max(getattr(report, f"{how}_delay") for report in found) for how in ("read", "listed"))
    fact = f"a beat was seen and answered within {read:.1f} s, a new name within {listed:.1f} s"
    if max(read, listed) > 2 * lag:
        return failure(topic, fact, f"Workers reckon with {lag:g} s each way. Raise `lag` and `ttl` in jughpc.yaml.")
    if max(read, listed) > _PROMPT:
        return warning(topic, fact, "It is safe, but tasks will wait for each other. Is a mount option at fault?")
    return fine(topic, fact)


def _clocks(found: Sequence[Report]) -> Finding:
    topic, offs = "clocks", {report.host: -report.ahead for report in found}
    fact = "against the file server: " + ", ".join(f"{host} {ahead:+.1f} s" for host, ahead in offs.items())
    if max(offs.values()) - min(offs.values()) < 1.0:
        return fine(topic, fact)
    return warning(topic, fact, "jughpc compares no two clocks, but people do: logs will mislead. Ask for NTP.")
