"""The settings: one line each, from which options, readers of all layers, origins and documentation come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, overload

from jughpc.config.asks import RULES, Rule
from jughpc.config.kinds import COUNT, FACTOR, FLAG, LINES, PATH, SIZE, WALLTIME, Kind, choice, line, pause, whole
from jughpc.config.partitions import OMIT, PARTITIONS, Queue

T = TypeVar("T")

BUILT_IN = "built in"
COMMAND_LINE = "command line: "
EVERY = "every command"

NAME, FILE, DIR, CHUNK = line("NAME"), line("FILE"), line("DIR"), line("CHUNK")

_ALL, _STORE = EVERY, "submit execute import-jug repair doctor"  # these make stores, or tell how one would be made
_SITES, _ELEMENTS = "the site's", "the elements'"
_FILLED, _PACE = "%(jugfile)s and %(date)s", "more than 2 * (beat + lag)"


@overload
def setting(
    kind: Kind[T],
    default: T,
    text: str,
    by: str,
    none: str = "",
    *,
    option: bool = True,
    also: str = "",
    jugs: bool = False,
) -> T: ...
@overload
def setting(
    kind: Kind[T],
    default: None,
    text: str,
    by: str,
    none: str,
    *,
    option: bool = True,
    also: str = "",
    jugs: bool = False,
) -> T | None: ...
def setting(
    kind: Kind[T], default: T | None, text: str, by: str, none: str = "", *,
    option: bool = True, also: str = "", jugs: bool = False,
) -> Any:  # fmt: skip
    """Declare a setting: what kind it is of, what holds where nothing is said, what it is, and who reads it.

    Args:
        none: What None means.
        option: Whether the commands that read it have an option of its name.
        also: A further name of that option.
        jugs: Whether jug's own files may say it.
    """
    told = {"kind": kind, "text": text, "by": by, "none": none, "is_option": option, "also": also, "is_jugs": jugs}
    return field(default=default, metadata=told)


@dataclass(frozen=True)
class Settings:
    """What holds for a command, in its last type: times in [s], sizes in [bytes]."""

    jugfile: str = setting(FILE, "jugfile.py", "taken where none is named or known", _ALL, option=False, jugs=True)
    jugdir: str = setting(DIR, "%(jugfile)s.jugdata", f"where results lie; {_FILLED} are filled in", _ALL, jugs=True)
    keep_going: bool | None = setting(FLAG, None, "go on after a task failed", "execute", "only in arrays", jugs=True)
    short: bool = setting(FLAG, False, "print totals only", "execute", jugs=True)
    profile: str | None = setting(
        NAME, None, "site profile that holds, of those in files, or `none`", "submit doctor", "that of this host"
    )
    retries: int = setting(whole(0), 0, "times that a task that fails is tried again", "submit execute")
    private: bool = setting(FLAG, False, "keep the jugdir from all others, whatever the umask", "submit execute")
    max_crashes: int = setting(whole(1), 3, "workers that a task may kill before it fails", "submit execute")
    patience: float = setting(pause(0), 3600.0, "longest wait for a store that fails", "execute")
    save_time: float = setting(
        pause(0), 30.0, "time that a task gets to save what it has, before its job ends", "submit execute"
    )
    scratch: Path | None = setting(
        PATH, None, "folder on nodes, in which tasks get one (scratch_dir)", "execute", "the job's TMPDIR"
    )
    rounds: int = setting(whole(0), 2, "further arrays that may be submitted for what one leaves", "submit collect")
    scheduler: str | None = setting(NAME, None, "the batch system to use", "submit doctor", "what is there")
    partition: str | None = setting(NAME, None, "partition, or queue, of jobs", "submit doctor", _SITES, also="--queue")
    account: str | None = setting(NAME, None, "account to charge", "submit doctor", _SITES)
    qos: str | None = setting(NAME, None, "quality of service", "submit doctor", _SITES)
    project: str | None = setting(
        NAME, None, "project to charge, where that is not the account", "submit doctor", _SITES
    )
    time: float | None = setting(WALLTIME, None, "how long each element may run", "submit", _SITES)
    mem: int | None = setting(SIZE, None, "memory of each element", "submit", _SITES)
    cpus: int | None = setting(whole(1), None, "cores of each element", "submit", _SITES)
    gpus: int | None = setting(whole(0), None, "GPUs of each element", "submit", _SITES)
    resources: tuple[Rule, ...] = setting(
        RULES, (), "what tasks of some functions ask for, in place of that", "submit execute"
    )
    share: bool = setting(FLAG, False, "have elements run tasks that ask for less, once none of theirs can", "submit")
    mem_retry: float | None = setting(
        FACTOR, None, "how much more memory tasks get that ran out of it", "submit execute", "no more"
    )
    mem_max: int | None = setting(SIZE, None, "most memory that they get", "submit execute", "no bound")
    time_retry: float | None = setting(
        FACTOR, None, "how much more time tasks get that met its limit", "submit execute", "no more"
    )
    time_max: float | None = setting(WALLTIME, None, "most time that they get", "submit execute", "no bound")
    workers: int = setting(COUNT, 1, "workers in each element, from one load of the jugfile", "submit execute")
    start: str = setting(choice("fork", "spawn"), "fork", "how several workers come about", "submit execute")
    notify: str | None = setting(
        line("mail|COMMAND"), None, "who is told how it all ended: a command, or `mail`", "submit", "nobody"
    )
    stage: bool = setting(FLAG, False, "unpack what elements import on their node's own disk", "submit")
    throttle: int | None = setting(whole(1), None, "elements that may run at once", "submit", "no bound")
    reduce_on: str = setting(
        choice("done", "any"), "done", "run the reduce once all is done, or with what is there", "submit collect"
    )
    reduce_time: float | None = setting(WALLTIME, None, "how long the reduce may run", "submit", _ELEMENTS)
    reduce_mem: int | None = setting(SIZE, None, "memory of the reduce", "submit", _ELEMENTS)
    reduce_cpus: int | None = setting(whole(1), None, "cores of the reduce", "submit", _ELEMENTS)
    collect_time: float = setting(WALLTIME, 1800.0, "how long the collector may run", "submit")
    collect_mem: int | None = setting(SIZE, None, "memory of the collector", "submit", "1G, if elements ask for any")
    select: str | None = setting(CHUNK, None, "chunk to ask for, in place of cpus, mem and gpus", "submit", "none")
    write_select: bool = setting(FLAG, True, "ask for a chunk, where the system has them", "submit doctor")
    place: str | None = setting(NAME, None, "how the chunk is placed", "submit", _SITES)
    exclude: tuple[str, ...] = setting(LINES, (), "hosts that no job is to run on", "submit doctor")
    setup: tuple[str, ...] = setting(LINES, (), "lines of shell before a worker starts", "submit doctor")
    python: str | None = setting(
        NAME, None, "interpreter, a path or `python` after setup", "submit", "the one that submits"
    )
    container: str | None = setting(
        line("IMAGE"),
        None,
        "image that workers run in, a path or what the runtime calls it",
        "submit doctor",
        "no image",
    )
    container_runtime: str | None = setting(
        choice("apptainer", "singularity", "podman", "charliecloud"), None, "what runs images", "submit doctor",
        "the first of these that is on PATH",
    )  # fmt: skip
    container_options: tuple[str, ...] = setting(LINES, (), "further options of that", "submit doctor")
    templates: Path | None = setting(PATH, None, "folder of script templates, before ours", "submit doctor", "ours")
    limit_time: float | None = setting(WALLTIME, None, "longest time to ask for", "submit", "no bound", option=False)
    limit_mem: int | None = setting(SIZE, None, "most memory to ask for", "submit", "no bound", option=False)
    limit_array: int | None = setting(whole(1), None, "most elements to ask for", "submit", "no bound", option=False)
    partitions: tuple[Queue, ...] = setting(
        PARTITIONS, (), "partitions, of which the first that fits is taken", "submit", option=False
    )
    directives: tuple[str, ...] = setting(
        LINES, (), "options of the scheduler's own for arrays", "submit doctor", option=False
    )
    omit: tuple[str, ...] = setting(OMIT, (), "what is never said to the scheduler", "submit", option=False)
    beat: float = setting(pause(0.001), 15.0, "between two signs of life of a worker", _STORE, option=False)
    lag: float = setting(pause(0), 60.0, "longest that the file system's cache may hide a change", _STORE, option=False)
    ttl: float = setting(pause(0.001), 180.0, f"of silence after which a worker is dead, {_PACE}", _STORE, option=False)

    origins: Mapping[str, str] = field(default_factory=dict, repr=False)

    def origin(self, name: str) -> str:
        """Return where a setting was said, the highest layer that did."""
        return self.origins.get(name, BUILT_IN)

    def is_given(self, name: str) -> bool:
        """Return whether the command line says it."""
        return self.origin(name).startswith(COMMAND_LINE)

    def shown(self, name: str) -> str:
        """Return a setting's value as people write it, "" for none."""
        return _shown(named()[name], getattr(self, name))


@dataclass(frozen=True, eq=False, repr=False)
class Setting:
    """What the declaration above says of one setting.

    Attributes:
        text: What it is, as it goes on behind its name.
        by: The commands that read it.
        none: What holds where it is None.
    """

    name: str
    kind: Kind[Any]
    default: Any
    text: str
    by: str
    none: str
    is_option: bool
    also: str
    is_jugs: bool

    @property
    def option(self) -> str:
        """The option of this name: ``--keep-going``."""
        return "--" + self.name.replace("_", "-")

    @property
    def built_in(self) -> str:
        """What holds where nothing is said, in words."""
        return _shown(self, self.default) or self.none or "none"


@cache
def named() -> Mapping[str, Setting]:
    """Return all settings by name, in the order of their declaration."""
    own = (one for one in fields(Settings) if one.metadata)
    return {one.name: Setting(one.name, default=one.default, **one.metadata) for one in own}


def _shown(declared: Setting, value: Any) -> str:
    return "" if value is None else declared.kind.show(value)
