"""What a submission is: what was chosen for it, and the jobs that it became."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jughpc.batch.bundle import Bundle
from jughpc.batch.container import Container
from jughpc.batch.scheduler import JobId, Limits, Resources, Role, Workload

ROOT = "submissions"
"""Where they lie in a jugdir."""


@dataclass(frozen=True)
class ElementOptions:
    """How every element of a submission is run, as the user chose it.

    Attributes:
        workdir: Where its command starts (absolute).
        throttle: Elements that may run at once, None for no bound.
        setup: Lines of shell run before the command.
        extra: Raw scheduler options, of the arrays only.
        templates: A site's folder of templates, None for those shipped.
        python: The interpreter, a path or a name that is looked for after `setup`; outside of a container.
        probe: A command that must end with 0 after `setup`; () for none.
        stage: What elements unpack on their node, None to import from where things are installed.
        container: What elements and the reduce run in, None for nothing.
        umask: Of all that the jobs write, None for the system's.
        exclude: Hosts that no job is to run on.
        after: Jobs that must have ended with exit code 0 before the first array starts.
        collect, reduce: What those jobs ask for.
    """

    workdir: Path
    resources: Resources = field(default_factory=Resources)
    throttle: int | None = None
    setup: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    templates: Path | None = None
    python: str = sys.executable
    probe: tuple[str, ...] = ()
    stage: Bundle | None = None
    container: Container | None = None
    umask: int | None = None
    exclude: tuple[str, ...] = ()
    after: tuple[JobId, ...] = ()
    collect: Resources = field(default_factory=Resources)
    reduce: Resources = field(default_factory=Resources)

    @property
    def program(self) -> tuple[str, ...]:
        """How the command lines of elements and of the reduce begin."""
        return self.container.program if self.container else self.own_program

    @property
    def own_program(self) -> tuple[str, ...]:
        """The same of the collector, which needs the batch system's commands: it is in no container."""
        return (self.python, "-m", "jughpc")


@dataclass(frozen=True)
class Submission:
    """One submission as its record tells it.

    Attributes:
        jugdir: The folder it lies in, as this host sees it (absolute); not recorded.
        token: In the names of its jobs, so that they can be looked up.
        created: When it was drafted [Unix s, by `host`'s clock].
        scheduler: The name of the batch system.
        limits: What the system allowed then.
        commands: Where the system's commands lay on the host that submitted, by name: a job may have another PATH.
        meta: The caller's own, opaque here.
        damage: What is wrong with its record, "" if nothing is; of a damaged one only its jobs are known, by their
            own records: they can be looked at and cancelled.
    """

    jugdir: Path
    number: int
    token: str
    user: str
    host: str
    created: float
    scheduler: str
    workload: Workload
    options: ElementOptions
    limits: Limits = field(default_factory=Limits)
    commands: Mapping[str, str] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)
    damage: str = ""

    def job_name(self, ordinal: int) -> str:
        """Return the name of its job of that number: no other job of anybody's is called so."""
        return f"{_plain_name(self.workload.name)}-{self.token}-{ordinal}"

    @property
    def path(self) -> str:
        """Its folder, relative to the jugdir."""
        return f"{ROOT}/{self.number}"

    @property
    def folder(self) -> Path:
        """Its folder (absolute)."""
        return self.jugdir / self.path


@dataclass(frozen=True)
class Accepted:
    """A job that the scheduler has accepted.

    Attributes:
        size: Its elements.
        offset: Number of its first element within the submission.
        script: The name of its script in the submission's folder.
        only: Of which part of the workload its elements are, "" where these are all alike.
        scheduler: The name of the system that it was given to, "" for the submission's own.
        asks: What it asks for that the submission's first arrays did not, in words.
    """

    role: Role
    id: JobId
    name: str
    size: int
    offset: int
    script: str
    only: str = ""
    scheduler: str = ""
    asks: str = ""


def _plain_name(name: str) -> str:
    """Return `name` in the letters that every system takes: it refuses others, or more than some 230."""
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:40]
    return plain if plain[:1].isalpha() else f"j{plain}"
