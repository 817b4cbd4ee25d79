"""What workers and visitors see of the simulated world that they stand in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Protocol

from jughpc.testing.disk import Disk
from jughpc.testing.hosts import Host, Process
from jughpc.testing.plan import Plan, SimTask
from jughpc.testing.referee import Referee


class Ground(Protocol):
    """Where a worker works, and what a visitor meets.

    Attributes:
        tasks: By digest.
        removes: Whether results may vanish.
    """

    plan: Plan
    rng: random.Random
    disk: Disk
    referee: Referee
    hosts: list[Host]
    removes: bool

    @property
    def tasks(self) -> Mapping[bytes, SimTask]: ...

    def caller(self) -> Process:
        """Return the process whose turn it is."""

    def run_task(self, process: Process, task: SimTask, values: list[Any]) -> object:
        """Run a task as `process` on the values of what it needs; return its result."""

    def trace(self, words: str) -> None:
        """Say what happens now, if anybody listens."""
