"""Recorded exchanges with real batch systems, and a clock that needs no waiting."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jughpc.batch.scheduler import Job, Reply, Role
from jughpc.errors import CommandTimeoutError, CommandUnstartedError

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


@dataclass
class FakeSlurm:
    """A stand-in for Slurm that remembers what it accepted; called with a command, as `shell.run` is.

    Attributes:
        plan: How the next submissions go, one word each; after them all are accepted.
        late: Looks after which a submission that was on its way arrives.
    """

    plan: list[str] = field(default_factory=list)
    queue: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    commands: list[list[str]] = field(default_factory=list)
    late: int = 0
    deaf: int = 0
    on_its_way: list[str] = field(default_factory=list)

    def __call__(self, argv: Sequence[str]) -> Reply:
        self.commands.append(list(argv))
        code, stdout, stderr = getattr(self, f"_{argv[0]}")(list(argv))
        return Reply(tuple(argv), code, stdout, stderr)

    def count(self, command: str) -> int:
        return sum(argv[0] == command for argv in self.commands)

    def _sbatch(self, argv: list[str]) -> tuple[int, str, str]:
        name = next(word for word in argv if word.startswith("--job-name=")).partition("=")[2]
        how = self.plan.pop(0) if self.plan else "accept"
        if how == "unstarted":
            raise CommandUnstartedError(argv[0], "Too many open files")
        if how == "refuse":
            return 1, "", "sbatch: error: Batch job submission failed: Invalid partition name specified"
        if how == "full":
            return 1, "", "sbatch: error: AssocMaxSubmitJobLimit\nsbatch: error: Batch job submission failed"
        if how == "busy":
            return 1, "", "sbatch: error: Batch job submission failed: Unable to contact slurm controller"
        if how == "late":
            self.on_its_way.append(name)
            return 1, "", "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
        job = self._accept(name)
        if how == "hang":
            raise CommandTimeoutError(argv, 150.0)
        if how == "interrupt":
            raise KeyboardInterrupt
        return 0, "" if how == "mute" else f"{job}\n", ""

    def _squeue(self, argv: list[str]) -> tuple[int, str, str]:
        if self.deaf:
            self.deaf -= 1
            return 1, "", "slurm_load_jobs error: Socket timed out on send/recv operation"
        if self.on_its_way and not self.late:
            self._accept(self.on_its_way.pop())
        self.late = max(0, self.late - 1)
        if "-n" in argv:
            wanted = argv[argv.index("-n") + 1]
            return 0, "".join(f"{job}|PENDING|{name}|None\n" for job, name in self.queue.items() if name == wanted), ""
        return (
            0,
            "".join(
                f"{job}|0|{state}|{self.queue.get(job, '')}|batch|1:00:00|N/A|node1|None\n"
                for job, state in self.states.items()
            ),
            "",
        )

    def _scancel(self, argv: list[str]) -> tuple[int, str, str]:
        if self.deaf:
            return 8, "", "scancel: error: Kill job error: Unable to contact slurm controller (connect failure)"
        name = next((word.partition("=")[2] for word in argv if word.startswith("--name=")), "")
        for job in argv[1:]:
            if self.queue.get(job, name) == name and not job.startswith("-"):
                self.states[job] = "CANCELLED"
        return 0, "", ""

    def _accept(self, name: str) -> str:
        job = str(len(self.queue) + 1)
        self.queue[job], self.states[job] = name, "PENDING"
        return job


@pytest.fixture
def slurm() -> FakeSlurm:
    return FakeSlurm()
