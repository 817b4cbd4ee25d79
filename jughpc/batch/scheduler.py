"""The Scheduler protocol: how one batch system spells submit, poll and cancel; text in, text out.

Nothing here runs a command: `shell.run` does, and hands the texts back to the parsers.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jughpc.batch.directives import Directive

JobId = str
"""A job as the scheduler names it: ``12``, ``12;cluster``, ``2[].server``."""


EVERY = -1
"""The index that stands for each element of a job which is not named by its own."""


@dataclass(frozen=True, order=True)
class ElementId:
    """One element of a job, by the scheduler's own index; a plain job is its element 0."""

    job: JobId
    index: int


class State(enum.Enum):
    """Where an element stands. What is not understood is UNKNOWN: neither dead nor done."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STUCK = "stuck"  # queued, and will never start without help
    UNKNOWN = "unknown"

    @property
    def ended(self) -> bool:
        """Whether the scheduler is sure that this element runs no more."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True)
class Status:
    """The scheduler's word on one element.

    Attributes:
        state: Where it stands.
        reason: The scheduler's own words, "" if it has none; may hold blanks and commas.
        host: Where it runs or ran, "" if unknown.
    """

    state: State
    reason: str = ""
    host: str = ""


class Role(enum.Enum):
    """What a job of a submission is for; also the name of its template."""

    ARRAY = "array"
    COLLECT = "collect"
    REDUCE = "reduce"


class Condition(enum.Enum):
    """When a dependent job may start."""

    AFTER_ANY = "afterany"  # the other has ended in any way
    AFTER_OK = "afterok"  # the other has ended with exit code 0


@dataclass(frozen=True)
class Dependency:
    """Start only after `jobs` have ended as `condition` says."""

    condition: Condition
    jobs: tuple[JobId, ...]


@dataclass(frozen=True)
class Resources:
    """What one element asks for; None leaves it to the site's defaults.

    Attributes:
        walltime: [s].
        memory: [bytes].
        cpus: Cores of one element.
        gpus: GPUs of one element.
    """

    walltime: float | None = None
    memory: int | None = None
    cpus: int | None = None
    gpus: int | None = None
    partition: str | None = None
    account: str | None = None
    qos: str | None = None


@dataclass(frozen=True)
class Workload:
    """What goes down at submit: run `argv` in `size` elements under `name`."""

    argv: tuple[str, ...]
    size: int
    name: str


@dataclass(frozen=True)
class Job:
    """One job to be submitted: what the templates render and the submit command names.

    Attributes:
        role: What it is for.
        name: Unique: carries the submission's token, so that it can be looked up by it.
        argv: The command of every element.
        size: Elements of this job; 1 is a plain job.
        offset: Number of its first element within the submission.
        elements: Elements of the whole submission.
        token: Of the submission, told to the elements of its arrays; "" to other jobs.
        throttle: Elements that may run at once, None for no bound.
        script: Where the rendered script lies (absolute).
        log: Where one element writes its output: absolute, with the scheduler's own placeholders.
        workdir: Where the command starts (absolute).
        setup: Lines of shell run before the command.
        depends_on: When it may start, None for at once.
        extra: Raw scheduler options, as the user gave them.
    """

    role: Role
    name: str
    argv: tuple[str, ...]
    size: int
    offset: int
    elements: int
    throttle: int | None
    script: Path
    log: str
    workdir: Path
    resources: Resources = Resources()
    setup: tuple[str, ...] = ()
    depends_on: Dependency | None = None
    extra: tuple[str, ...] = ()
    token: str = ""


class Refusal(enum.Enum):
    """What it means that a command was refused."""

    RETRY = "try again"
    FULL = "too many jobs are queued; try again when some have ended"
    USER = "the user's mistake"
    GONE = "the job is over or unknown"


@dataclass(frozen=True)
class Limits:
    """What the system allows in one array; None where it does not say.

    Attributes:
        array_size: Largest number of elements of one array.
        settings: What was read, by the system's own names, to be shown.
    """

    array_size: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What a command answered."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


Run = Callable[[Sequence[str]], Reply]
"""Runs a command to its end, as `shell.run` does. Raises SchedulerError if there is no reply."""


@dataclass(frozen=True)
class Capabilities:
    """What one batch system declares of itself.

    Attributes:
        job_id: What all of its ids match in full: nothing else reaches a command line as one.
        commands: All of these are on PATH where the system may be; () for one that is everywhere.
        first_index: Of an array's first element, in the system's own count; a plain job's element is 0 always.
        conditions: Those that it can hold a job back by; AFTER_ANY is one of them.
        runs_here: Its elements run on this very machine.
        bounds_arrays: An array without a throttle is bounded all the same, by less than there is room for.
        scrubbed: How variables begin that would change what its commands mean, or reach its jobs from an outer one.
        kept: Variables that stay although they begin like that: where the system is, and a user's standing choices.
        templates: The folder that holds its folder of templates, None for those shipped here.
    """

    job_id: re.Pattern[str]
    commands: tuple[str, ...] = ()
    first_index: int = 0
    conditions: frozenset[Condition] = frozenset(Condition)
    runs_here: bool = False
    bounds_arrays: bool = False
    scrubbed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    templates: Path | None = None

    def indices(self, size: int) -> range:
        """Return the indices of a job of `size` elements, in the system's own count."""
        first = self.first_index if size > 1 else 0
        return range(first, first + size)

    def is_id(self, text: str) -> bool:
        """Return whether `text` may be handed to the system's commands as the id of a job."""
        return bool(self.job_id.fullmatch(text))

    def scrub(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return `environ` without what its commands, and its jobs, are not to see."""
        return {key: value for key, value in environ.items() if key in self.kept or not key.startswith(self.scrubbed)}


class Scheduler(Protocol):
    """How one batch system spells things. Pure: text in, text out."""

    @property
    def name(self) -> str:
        """Names the system and its folder of templates."""

    @property
    def capabilities(self) -> Capabilities:
        """Tells what the system can do and how it is recognised."""

    def within(self, limits: Limits) -> Scheduler:
        """Return the system as one that told these `limits` is to be spoken to."""

    def directives(self, job: Job) -> list[Directive]:
        """Return what `job` asks for, but for its dependency: a script may be submitted again by hand.

        Raises SettingError for a resource that the system has no option for.
        """

    def script_line(self, directive: Directive) -> str:
        """Return the line of a script that says `directive`, quoted as the system reads it; "" if it reads none."""

    def submit_command(self, job: Job) -> list[str]:
        """Return the command that submits `job.script`, with all its directives: they outspeak the environment.

        Raises SettingError as `directives` does.
        """

    def parse_submit(self, reply: Reply) -> JobId:
        """Return the id. Raises SubmitError, with the scheduler's words, if there is none.

        An accepted job whose id cannot be read has code 0 in that error: look for it by its name.
        """

    def find_command(self, name: str) -> list[str]:
        """Return the command that looks for own jobs called `name`: after a submission that timed out."""

    def parse_find(self, reply: Reply, name: str) -> list[JobId]:
        """Return the ids of the jobs called `name`. Raises SchedulerError if the answer cannot be trusted."""

    def poll_command(self, jobs: Sequence[JobId]) -> list[str]:
        """Return ONE command that asks after all of `jobs`, array elements included."""

    def parse_poll(self, reply: Reply, jobs: Sequence[JobId]) -> Mapping[ElementId, Status]:
        """Return a status per element of `jobs`. One that is not mentioned is absent, never dead.

        The index EVERY speaks for all elements of its job that have no status of their own.
        Raises SchedulerError if the scheduler did not answer.
        """

    def cancel_commands(self, jobs: Sequence[JobId]) -> list[list[str]]:
        """Return the commands that end `jobs`, each to be run once."""

    def limits_command(self) -> list[str]:
        """Return the command that tells the system's limits."""

    def parse_limits(self, reply: Reply) -> Limits:
        """Return what could be read; unreadable is no limit known."""

    def absent(self, reply: Reply) -> bool:
        """Return whether this answer about limits shows that the commands are here, but no such system."""

    def refusal(self, reply: Reply) -> Refusal:
        """Return what a refusal means; what is not recognised is the user's to see."""

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        """Return the log path of one element, with the system's placeholder for its index.

        Raises SettingError for a folder that the system cannot number logs in.
        """
