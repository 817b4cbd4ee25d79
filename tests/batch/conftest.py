"""Recorded exchanges with real batch systems, and a clock that needs no waiting."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jughpc.batch.scheduler import Job, Reply, Role

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def recorded() -> Callable[[str], Reply]:
    """Return the recorded exchange of that name, `slurm/squeue-empty`, as the reply that it was."""

    def reply(name: str) -> Reply:
        exchange = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
        return Reply(tuple(exchange["argv"]), exchange["code"], exchange["stdout"], exchange["stderr"])

    return reply


@dataclass
class StillClock:
    """A clock that only sleeping moves."""

    time: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.time

    def uptime(self) -> float:
        return self.time

    def wall(self) -> float:
        return 1_700_000_000.0 + self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def job() -> Job:
    """Return an array of eight elements."""
    return Job(
        role=Role.ARRAY,
        name="primes-1a2b-0",
        argv=("python", "work.py"),
        size=8,
        offset=0,
        elements=8,
        throttle=None,
        script=Path("/shared/run/0-array.sh"),
        log="/shared/run/logs/array-%a.log",
        workdir=Path("/shared/run"),
    )
