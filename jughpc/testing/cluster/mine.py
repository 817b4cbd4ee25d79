"""Which jobs of a batch system are ours, and what each is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jughpc.batch.scheduler import Role
from jughpc.testing.cluster.model import SimJob

_SCRIPT = re.compile(r".*/submissions/(\d+)/(\d+)-(\w+)\.sh")


@dataclass(frozen=True)
class Ours:
    """What a job of ours is, by its script."""

    submission: int
    ordinal: int
    role: Role


def ours(job: SimJob) -> Ours | None:
    """Return what a job of ours is, None if it is somebody else's."""
    match = _SCRIPT.fullmatch(job.ask.script)
    return Ours(int(match[1]), int(match[2]), Role(match[3])) if match else None
