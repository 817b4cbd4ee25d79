"""What a simulated batch system knows of a job, whatever its commands call it."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol


class Process(Protocol):
    """What runs in an element."""

    def term(self) -> None:
        """Ask it to end, as SIGTERM does; it may go on for a while."""

    def kill(self) -> None:
        """End it now; it says no more."""


class Phase(enum.Enum):
    """Where an element stands in truth."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"


class End(enum.Enum):
    """How an element ended, in Slurm's words."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMEOUT = "TIMEOUT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    NODE_FAIL = "NODE_FAIL"
    PREEMPTED = "PREEMPTED"


@dataclass(frozen=True)
class After:
    """One condition of a dependency.

    Attributes:
        kind: `afterany`, `afterok` or `afternotok`.
    """

    kind: str
    jobs: tuple[int, ...]


@dataclass(frozen=True)
class Ask:
    """What a submission asks for, command line and directives taken together.

    Attributes:
        indices: Of its elements; a plain job has the index 0 alone.
        array: Whether it is an array: one with a single element is none other.
        throttle: Elements that may run at once, None for no bound.
        begin: It starts no earlier [s].
        exclude: Names of nodes that it is not to run on.
        kill: Whether it is ended once it can never start, by its own wish.
        walltime: [s], None for no limit.
        argv: What its script runs in the end.
        words: The submit command's own words, but for its name.
    """

    name: str
    user: str
    script: str = ""
    indices: tuple[int, ...] = (0,)
    array: bool = False
    throttle: int | None = None
    after: tuple[After, ...] = ()
    begin: float = 0.0
    held: bool = False
    exclude: tuple[str, ...] = ()
    kill: bool = False
    walltime: float | None = None
    requeue: bool = True
    memory: str = "100M"
    cpus: int = 1
    partition: str = ""
    log: str = ""
    workdir: str = ""
    argv: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass
class Node:
    """A compute node.

    Attributes:
        free: How many more elements fit on it.
        up: Whether it runs anything.
        broken: Whether the setup of every job fails on it.
        commands: Whether the scheduler's commands are there.
    """

    name: str
    free: int
    up: bool = True
    broken: bool = False
    commands: bool = True

    def fits(self, ask: Ask) -> bool:
        """Return whether another element of this kind may start here now."""
        return self.up and bool(self.free) and self.name not in ask.exclude


@dataclass(eq=False)
class Element:
    """One element of a job.

    Attributes:
        end: How it ended, None while it has not.
        code: Its exit code, or minus the signal that ended it.
        node: Where it runs or ran last.
        runs: How often it was started.
        not_before: Put back into the queue, it starts no earlier [s].
        dying: What will be its end: it was asked to end, and has some seconds left.
        by: Who ended it, if somebody did.
        told: Whether it recorded itself that it ended well, just before its end.
        trouble: Why it is held though nobody holds its job.
    """

    index: int
    phase: Phase = Phase.WAITING
    end: End | None = None
    code: int = 0
    node: Node | None = None
    started: float = 0.0
    ended: float = 0.0
    runs: int = 0
    not_before: float = 0.0
    dying: End | None = None
    by: str = ""
    told: bool = False
    trouble: str = ""
    process: Process | None = None

    @property
    def waits(self) -> bool:
        """Whether it is in the queue."""
        return self.phase is Phase.WAITING

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.phase is Phase.OVER

    @property
    def well(self) -> bool:
        """Whether it ended with exit code 0."""
        return self.end is End.COMPLETED


@dataclass(eq=False)
class SimJob:
    """One job in the queue, or that was.

    Attributes:
        after: What it waits for, as it was asked for.
        ties: The jobs that this meant then, None for one that was not known; their numbers may be another's later.
        holds: Who holds it: `u` its owner, `s` the system.
        holder: Who held it last; one that was held from the start tells nobody.
        free: Whether what it waited for is there.
        never: Whether that can never be.
        vanished: Whether the system removed it unrun, without a word.
        deleted, deletion: Whether it was ended as a whole, and when [s].
        blurred: Whether it was ended as one of all jobs of its owner, unrun: it has one row without an index then.
        reason: What keeps it waiting by the latest look, in Slurm's words.
    """

    number: int
    ask: Ask
    submitted: float
    after: tuple[After, ...] = ()
    throttle: int | None = None
    holds: set[str] = field(default_factory=set)
    holder: str = ""
    free: bool = False
    never: bool = False
    vanished: bool = False
    deleted: bool = False
    blurred: bool = False
    deletion: float = 0.0
    ended: float = 0.0
    reason: str = "None"
    elements: dict[int, Element] = field(default_factory=dict)
    ties: list[tuple[str, SimJob | None]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether all of it has ended."""
        return all(element.over for element in self.elements.values())

    @property
    def well(self) -> bool:
        """Whether all of it ended with exit code 0."""
        return all(element.well for element in self.elements.values())

    @property
    def begun(self) -> bool:
        """Whether any of it ever started."""
        return any(element.runs for element in self.elements.values())

    def having(self, phase: Phase) -> list[Element]:
        """Return the elements in that phase, in the order of their indices."""
        return [element for element in self.elements.values() if element.phase is phase]

    def live_on(self) -> bool:
        """Return whether any element goes on that nobody has asked to end."""
        return any(element.dying is None for element in self.live())

    def live(self) -> Iterator[Element]:
        """Yield the elements that have not ended."""
        return (element for element in self.elements.values() if not element.over)
