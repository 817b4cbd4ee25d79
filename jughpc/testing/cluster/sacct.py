"""sacct: what accounting remembers of jobs, long after the controller forgot them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jughpc.testing.cluster.answers import Answer, Caller, clock, ranges, stamp
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Element, End, SimJob
from jughpc.testing.cluster.options import OptionError, parse
from jughpc.testing.cluster.squeue import state_of

_VALUED = "format jobs name user starttime endtime state clusters accounts delimiter units"
_BARE = "allocations noheader parsable2 parsable duplicates allusers long array brief"
_LONGS = dict.fromkeys(_VALUED.split(), True) | dict.fromkeys(_BARE.split(), False)
_SHORTS = {
    "o": "format", "j": "jobs", "u": "user", "S": "starttime", "E": "endtime", "s": "state", "M": "clusters",
    "A": "accounts", "X": "allocations", "n": "noheader", "P": "parsable2", "p": "parsable", "D": "duplicates",
    "a": "allusers", "l": "long", "b": "brief",
}  # fmt: skip
_LAG = 1.0  # [s] after which the database knows of a job
_UID = "1001"

Row = tuple[SimJob, Element, str]


def sacct(engine: Engine, argv: Sequence[str], caller: Caller) -> Answer:
    """Return what sacct prints: with -X, one row for each element, and one for those that pend."""
    if not engine.rules.accounting:
        return Answer(1, "", "Slurm accounting storage is disabled\n")
    try:
        given, _ = parse(argv[1:], _LONGS, _SHORTS)
    except OptionError as error:
        return Answer(1, "", f"sacct: unrecognized option '{error}'\nTry \"sacct --help\" for more information\n")
    options = dict(given)
    fields = options.get("format", "JobID,State,ExitCode").split(",")
    if unknown := [field for field in fields if field.lower() not in _FIELDS]:
        return Answer(1, "", f'sacct: error: Invalid field requested: "{unknown[0]}"\n')
    asked = [int(word.partition("_")[0]) for word in options.get("jobs", "").split(",") if word[:1].isdigit()]
    lines = [
        "|".join(_FIELDS[field.lower()](engine, row) for field in fields)
        for job in engine.history
        if _wanted(engine, job, asked, options, caller)
        for row in _rows(job)
    ]
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _wanted(engine: Engine, job: SimJob, asked: Sequence[int], options: Mapping[str, str], caller: Caller) -> bool:
    names = options.get("name", job.ask.name).split(",")
    mine = bool(asked) or job.ask.user == options.get("user", caller.user)
    lagging = engine.time - job.submitted < _LAG
    return mine and not lagging and (not asked or job.number in asked) and job.ask.name in names


def _rows(job: SimJob) -> list[Row]:
    """Return a row for each element that ran, or that is no array's, and one for the rest of an array."""
    if not job.ask.array:
        return [(job, element, str(job.number)) for element in job.elements.values()]
    own = [element for element in job.elements.values() if element.runs]
    rest = [element for element in job.elements.values() if not element.runs]
    if job.begun:
        rest = [element for element in rest if not element.over]  # cancelled unrun, they have no row
    rows = [(job, element, f"{job.number}_{element.index}") for element in own]
    throttle = f"%{job.throttle}" if job.throttle else ""
    if rest:
        listed = ranges([element.index for element in rest])
        rows.append((job, rest[0], f"{job.number}_[{listed}{throttle}]"))
    return rows


def _state(engine: Engine, row: Row) -> str:
    element = row[1]
    if element.end is End.CANCELLED:
        return f"CANCELLED by {_UID}"
    word = state_of(element)
    return "RUNNING" if word == "COMPLETING" else word


def _exit_code(engine: Engine, row: Row) -> str:
    element = row[1]
    if element.end is End.OUT_OF_MEMORY:
        return "0:125"
    if element.end is not End.FAILED:
        return "0:0"
    return f"{element.code}:0" if element.code >= 0 else f"0:{-element.code}"


def _elapsed(engine: Engine, row: Row) -> str:
    element = row[1]
    if not element.runs or element.waits:
        return "00:00:00"
    return clock((element.ended if element.over else engine.time) - element.started)


def _timelimit(engine: Engine, row: Row) -> str:
    limit = row[0].ask.walltime
    return "UNLIMITED" if limit is None else clock(limit)


def _start(engine: Engine, row: Row) -> str:
    element = row[1]
    if element.runs and not element.waits:
        return stamp(element.started)
    return "None" if element.over else "Unknown"


def _node(engine: Engine, row: Row) -> str:
    element = row[1]
    return element.node.name if element.node and not element.waits else "None assigned"


_FIELDS: Mapping[str, Callable[[Engine, Row], str]] = {
    "jobid": lambda engine, row: row[2],
    "jobidraw": lambda engine, row: str(row[0].number),
    "jobname": lambda engine, row: row[0].ask.name,
    "user": lambda engine, row: row[0].ask.user,
    "state": _state,
    "exitcode": _exit_code,
    "derivedexitcode": lambda engine, row: "0:0",
    "reason": lambda engine, row: "None" if row[1].runs else row[0].reason,
    "nodelist": _node,
    "elapsed": _elapsed,
    "timelimit": _timelimit,
    "maxrss": lambda engine, row: "",
    "reqmem": lambda engine, row: row[0].ask.memory,
    "submit": lambda engine, row: stamp(row[0].submitted),
    "start": _start,
    "end": lambda engine, row: stamp(row[1].ended) if row[1].over else "Unknown",
}
