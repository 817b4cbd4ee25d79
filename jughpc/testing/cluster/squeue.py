"""squeue: rows of what the controller knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jughpc.testing.cluster.answers import Answer, Caller, ranges, span, stamp
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Element, End, SimJob
from jughpc.testing.cluster.options import OptionError, parse

_VALUED = "clusters format jobs name partition states user array-unique account qos sort Format"
_BARE = "all array me noheader long start only-job-state hide iterate help"
_LONGS = dict.fromkeys(_VALUED.split(), True) | dict.fromkeys(_BARE.split(), False)
_SHORTS = {
    "M": "clusters", "o": "format", "j": "jobs", "n": "name", "p": "partition", "t": "states", "u": "user",
    "a": "all", "r": "array", "h": "noheader", "l": "long", "A": "account", "q": "qos", "S": "sort", "O": "Format",
}  # fmt: skip
_STATES = "PENDING RUNNING COMPLETING COMPLETED CANCELLED FAILED TIMEOUT NODE_FAIL PREEMPTED OUT_OF_MEMORY"
_RANK = {word: rank for rank, word in enumerate(_STATES.split())}
_LIVE = ("PENDING", "RUNNING", "COMPLETING")
_REASONS = {End.TIMEOUT: "TimeLimit", End.NODE_FAIL: "NodeDown", End.OUT_OF_MEMORY: "OutOfMemory"}
_UNKNOWN = Answer(1, "", "slurm_load_jobs error: Invalid job id specified\n")


@dataclass(frozen=True)
class Row:
    """One line before it is formatted.

    Attributes:
        index: An index, a list of them, or `N/A`.
    """

    job: SimJob
    element: Element
    index: str
    state: str
    reason: str


def squeue(engine: Engine, cluster: str, argv: Sequence[str], caller: Caller) -> Answer:
    """Return what squeue prints."""
    try:
        given, _ = parse(argv[1:], _LONGS, _SHORTS)
    except OptionError as error:
        return Answer(1, "", f"squeue: unrecognized option '{error}'\nTry \"squeue --help\" for more information\n")
    options = dict(given)
    asked = [int(word.partition("_")[0]) for word in options.get("jobs", "").split(",") if word[:1].isdigit()]
    if asked and not any(number in engine.jobs for number in asked):
        return _UNKNOWN
    lines = [_line(engine, row, options.get("format", "%i %P %j %u %t %M %D %R")) for row in rows(engine, options)
             if _wanted(row, options, asked, caller)]  # fmt: skip
    heading = f"CLUSTER: {cluster}\n" if "clusters" in options else ""
    return Answer(0, heading + "".join(f"{line}\n" for line in lines))


def rows(engine: Engine, options: Mapping[str, str]) -> list[Row]:
    """Return all rows, as the controller sorts them."""
    found = [row for job in engine.jobs.values() for row in _rows(engine, job)]
    if "array" not in options:
        found = list(_collapsed(found))
    return sorted(found, key=lambda row: _RANK[row.state])


def state_of(element: Element) -> str:
    """Return an element's state in one word."""
    if element.end:
        return element.end.value
    if element.waits:
        return "PENDING"
    return "COMPLETING" if element.dying else "RUNNING"


def known(engine: Engine, job: SimJob, element: Element) -> bool:
    """Return whether the controller still knows an element: one that was cancelled unrun is gone at once."""
    if not element.over:
        return True
    if not element.runs and not job.over:
        return False
    return engine.time - (element.ended if engine.rules.apart else job.ended) < engine.rules.keep


def _rows(engine: Engine, job: SimJob) -> Iterator[Row]:
    elements = [element for element in job.elements.values() if known(engine, job, element)]
    if job.ask.array and job.over and not job.begun:
        elements = [element for element in elements if element.ended == job.ended][: 1 if job.blurred else None]
    for element in elements:
        index = str(element.index) if job.ask.array and not (job.blurred and job.over) else "N/A"
        yield Row(job, element, index, state_of(element), reason_of(engine, job, element))


def reason_of(engine: Engine, job: SimJob, element: Element) -> str:
    """Return why an element is as it is."""
    if element.end:
        return _why_ended(job, element, element.end)
    if not element.waits:
        return "None"
    if held := engine.why_held(job, element):
        return held
    if element.not_before > engine.time:
        return "BeginTime"
    return job.reason if job.reason != "None" else ("None" if job.free else "Dependency")


def _why_ended(job: SimJob, element: Element, end: End) -> str:
    if end is End.FAILED:
        return "NonZeroExitCode" if element.code >= 0 else "JobLaunchFailure"
    return _REASONS.get(end, "None" if element.runs else job.reason)


def _collapsed(found: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows with those of an array that are alike, and have never run, as one."""
    alike: dict[tuple[SimJob, str, str], list[int]] = {}
    for row in found:
        if row.index != "N/A" and not row.element.runs:
            alike.setdefault((row.job, row.state, row.reason), []).append(row.element.index)
    for row in found:
        indices = alike.pop((row.job, row.state, row.reason), None)
        if row.index == "N/A" or row.element.runs:
            yield row
        elif indices:
            throttle = f"%{row.job.throttle}" if row.job.throttle else ""
            yield replace(row, index=f"{ranges(indices)}{throttle}")


def _wanted(row: Row, options: Mapping[str, str], asked: Sequence[int], caller: Caller) -> bool:
    ask = row.job.ask
    states = options.get("states", "PD,R,CG").upper()
    return (
        ("me" not in options or ask.user == caller.user)
        and (not options.get("user") or ask.user in options["user"].split(","))
        and (not options.get("name") or ask.name in options["name"].split(","))
        and (not asked or row.job.number in asked)
        and (states == "ALL" or row.state in _LIVE)
    )


def _line(engine: Engine, row: Row, layout: str) -> str:
    parts = layout.split("%")
    return parts[0] + "".join(_field(engine, row, part.lstrip("0123456789.")) for part in parts[1:])


def _field(engine: Engine, row: Row, part: str) -> str:
    letter, rest = part[:1], part[1:]
    field = _FIELDS.get(letter)
    return (field(engine, row) if field else "") + rest


def _left(engine: Engine, row: Row) -> str:
    limit, element = row.job.ask.walltime, row.element
    if limit is None:
        return "UNLIMITED"
    left = limit - _used(engine, row)
    return "INVALID" if left < 0 else span(left if element.runs else limit)


def _used(engine: Engine, row: Row) -> float:
    element = row.element
    if element.waits or not element.runs:
        return 0.0
    return (element.ended if element.over else engine.time) - element.started


def _start(engine: Engine, row: Row) -> str:
    element = row.element
    if element.waits:
        due = max(row.job.ask.begin, element.not_before)
        return stamp(due) if due > engine.time else "N/A"
    return stamp(element.started if element.runs else element.ended)


def _id(row: Row) -> str:
    return f"{row.job.number}_{row.index}" if row.job.ask.array else str(row.job.number)


_FIELDS: Mapping[str, Callable[[Engine, Row], str]] = {
    "A": lambda engine, row: str(row.job.number),
    "D": lambda engine, row: "1",
    "F": lambda engine, row: str(row.job.number),
    "K": lambda engine, row: row.index,
    "L": _left,
    "M": lambda engine, row: span(_used(engine, row)),
    "N": lambda engine, row: row.element.node.name if row.element.node and not row.element.waits else "",
    "P": lambda engine, row: row.job.ask.partition,
    "R": lambda engine, row: f"({row.reason})",
    "S": _start,
    "T": lambda engine, row: row.state,
    "V": lambda engine, row: stamp(row.job.submitted),
    "i": lambda engine, row: _id(row),
    "j": lambda engine, row: row.job.ask.name,
    "l": lambda engine, row: "UNLIMITED" if row.job.ask.walltime is None else span(row.job.ask.walltime),
    "r": lambda engine, row: row.reason,
    "t": lambda engine, row: {"PENDING": "PD", "RUNNING": "R"}.get(row.state, row.state[:2]),
    "u": lambda engine, row: row.job.ask.user,
    "Z": lambda engine, row: row.job.ask.workdir,
    "o": lambda engine, row: row.job.ask.script,
}
