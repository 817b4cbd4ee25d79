"""The Scheduler protocol: how one batch system spells submit, poll and cancel; text in, text out.

Nothing here runs a command: `shell.run` does, and hands the texts back to the parsers.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from jughpc.batch.capabilities import Capabilities as Capabilities
from jughpc.batch.capabilities import Condition as Condition
from jughpc.batch.causes import Why
from jughpc.batch.directives import Directive
from jughpc.batch.job import Dependency as Dependency
from jughpc.batch.job import Job as Job
from jughpc.batch.job import JobId as JobId
from jughpc.batch.job import Role as Role
from jughpc.batch.partitions import Partition
from jughpc.batch.workload import Part as Part
from jughpc.batch.workload import Resources as Resources
from jughpc.batch.workload import Workload as Workload

Names = Mapping[JobId, str]
"""Jobs by their ids, each with the name that it was submitted under."""

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
    ENDED = "ended"  # nobody can tell how
    STUCK = "stuck"  # queued, and will never start without help
    UNKNOWN = "unknown"

    @property
    def ended(self) -> bool:
        """Whether the scheduler is sure that this element runs no more."""
        return self in (State.DONE, State.FAILED, State.CANCELLED, State.ENDED)


@dataclass(frozen=True)
class Status:
    """The scheduler's word on one element.

    Attributes:
        state: Where it stands.
        reason: The scheduler's own words, "" if it has none; may hold blanks and commas.
        host: Where it runs or ran, "" if unknown.
        why: What is behind it, in words, None where there is nothing to explain.
    """

    state: State
    reason: str = ""
    host: str = ""
    why: Why | None = None


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
class Bound:
    """How many jobs somebody lets a user queue, each element of an array being one.

    Attributes:
        name: What it is called, and whose it is.
        used: Of these, as far as that is known.
        followers: Whether collector and reduce count, while they are held back.
    """

    name: str
    most: int
    used: int = 0
    followers: bool = True


@dataclass(frozen=True)
class Room:
    """What is allowed to jobs of one user that ask for certain resources.

    Attributes:
        array_size: As of `Limits`.
        walltime: How long a job may run there [s], None where that is not said.
    """

    bounds: tuple[Bound, ...] = ()
    array_size: int | None = None
    walltime: float | None = None


@dataclass(frozen=True)
class Reply:
    """What a command answered."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


Run = Callable[[Sequence[str]], Reply]
"""Runs a command to its end, as `shell.run` does. Raises SchedulerError if there is no reply."""


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

    def refuse(self, extra: Sequence[str], environ: Mapping[str, str]) -> None:
        """Raise SettingError if raw options, or variables, would undo what a submission says itself."""

    def chosen(self, extra: Sequence[str], environ: Mapping[str, str]) -> Mapping[str, str]:
        """Return what raw options, and variables that hold, choose of `Resources`, by field, in words."""

    def directives(self, job: Job) -> list[Directive]:
        """Return what `job` asks for, but for its dependency: a script may be submitted again by hand.

        Raises SettingError for a resource that the system has no option for.
        """

    def script_line(self, directive: Directive) -> str:
        """Return the line of a script that says `directive`, quoted as the system reads it; "" if none can say it."""

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

    def of_user(self, user: str) -> Scheduler:
        """Return the same system as one that polls the jobs of another user, as far as it shows them."""

    def poll_command(self, jobs: Names) -> list[str]:
        """Return ONE command that asks after all of `jobs`, array elements included."""

    def parse_poll(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        """Return a status per element of `jobs`. One that is not mentioned is absent, never dead.

        A job that has one of their ids and another name is somebody else's, and left out. The index EVERY speaks for
        all elements of its job that have no status of their own.
        Raises SchedulerError if the scheduler did not answer.
        """

    def unheard(self, reply: Reply, jobs: Names) -> list[JobId]:
        """Return those of `jobs` of which an answer to a poll says nothing: not even that they are not known.

        Raises SchedulerError if there was no answer.
        """

    def poll_again(self, reply: Reply, jobs: Names) -> list[str]:
        """Return another command that asks for `jobs`, of which `reply` says nothing; [] if there is none."""

    def past_command(self, jobs: Names) -> list[str]:
        """Return the command that tells ends of `jobs` which a poll has forgotten; [] if there is none."""

    def parse_past(self, reply: Reply, jobs: Names) -> Mapping[ElementId, Status]:
        """Return, as `parse_poll`, how elements of `jobs` ended; nothing else.

        Raises SchedulerError if the command had no answer.
        """

    def cancel_commands(self, jobs: Names) -> list[list[str]]:
        """Return the commands that end `jobs`, each to be run once."""

    def withdraw_commands(self, jobs: Names, waiting: Sequence[ElementId]) -> list[list[str]]:
        """Return the commands that end those elements of `jobs` that were `waiting` a moment ago, and wait still."""

    def unmail_commands(self, jobs: Names) -> list[list[str]]:
        """Return the commands after which no mail tells how `jobs` end; [] if the system mails nothing."""

    def revive_command(self, jobs: Names) -> list[str]:
        """Return the command after which `jobs` that nobody supervises go on; [] where the system never leaves any."""

    def limits_command(self) -> list[str]:
        """Return the command that tells the system's limits."""

    def parse_limits(self, reply: Reply) -> Limits:
        """Return what could be read; unreadable is no limit known."""

    def room_commands(self, user: str, resources: Resources) -> Sequence[list[str]]:
        """Return the commands that tell what the system allows to jobs of `user` that ask for `resources`."""

    def parse_room(self, replies: Sequence[Reply], limits: Limits, user: str, resources: Resources) -> Room:
        """Return what holds for jobs of `user` that ask for `resources`; unreadable is no bound known.

        Args:
            replies: One for each of the `room_commands`, in their order.
        """

    def partitions_command(self) -> list[str]:
        """Return the command that tells which partitions, or queues, there are; [] where there is no such thing."""

    def parse_partitions(self, reply: Reply, limits: Limits) -> Sequence[Partition]:
        """Return what is told of each; what cannot be read is left out."""

    def absent(self, reply: Reply) -> bool:
        """Return whether this answer about limits shows that the commands are here, but no such system."""

    def refusal(self, reply: Reply) -> Refusal:
        """Return what a refusal means; what is not recognised is the user's to see."""

    def log_pattern(self, folder: Path, role: Role, size: int, offset: int) -> str:
        """Return the log path of one element, with the system's placeholder for its index.

        Raises SettingError for a folder that the system cannot number logs in.
        """

    def element(self, owner: str) -> ElementId | None:
        """Return the element that the template gives this JUGHPC_OWNER; None if it is another system's."""
