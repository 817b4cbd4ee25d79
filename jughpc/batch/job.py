"""One job that is to be submitted, as each batch system gets it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from jughpc.batch.bundle import Bundle
from jughpc.batch.capabilities import Condition
from jughpc.batch.container import Container
from jughpc.batch.workload import Resources

JobId = str
"""A job as the scheduler names it: ``12``, ``12;cluster``, ``2[].server``."""


class Role(enum.Enum):
    """What a job of a submission is for; also the name of its template."""

    ARRAY = "array"
    COLLECT = "collect"
    REDUCE = "reduce"


@dataclass(frozen=True)
class Dependency:
    """Start only after `jobs` have ended as `condition` says."""

    condition: Condition
    jobs: tuple[JobId, ...]


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
        only: Of which part of the workload its elements are, "" where these are all alike.
        asks: What they ask for that the submission's first ones did not, in words.
        scheduler: The name of the system that it goes to, "" for the submission's own.
        throttle: Elements that may run at once, None for no bound.
        script: Where the rendered script lies (absolute).
        log: Where one element writes its output: absolute, with the scheduler's own placeholders.
        workdir: Where the command starts (absolute).
        setup: Lines of shell run before the command.
        probe: A command that must end with 0 after them, or the element ends; it says why.
        stage: What is unpacked on the node before it.
        container: What it and its probe run in, None for nothing.
        umask: Of the element's files, None for the system's.
        exclude: Hosts that it is not to run on.
        depends_on: When it may start, None for at once.
        after: Jobs of others that must have ended with exit code 0 before, too.
        extra: Raw scheduler options, as the user gave them.
        is_told: Whether the system is to mail its user how it ended.
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
    resources: Resources = field(default_factory=Resources)
    setup: tuple[str, ...] = ()
    probe: tuple[str, ...] = ()
    stage: Bundle | None = None
    container: Container | None = None
    umask: int | None = None
    exclude: tuple[str, ...] = ()
    depends_on: Dependency | None = None
    after: tuple[JobId, ...] = ()
    is_told: bool = False
    extra: tuple[str, ...] = ()
    token: str = ""
    only: str = ""
    asks: str = ""
    scheduler: str = ""

    @property
    def waits(self) -> list[Dependency]:
        """All that it waits for."""
        others = [Dependency(Condition.AFTER_OK, self.after)] if self.after else []
        return [self.depends_on, *others] if self.depends_on else others

    @property
    def end_record(self) -> Path:
        """Where it tells how it ended; without the index that an array's element has, and the suffix."""
        return self.script.parent / "ends" / self.script.stem
