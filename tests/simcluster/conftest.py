"""A simulated cluster that a test steps by hand, and recorded exchanges with real ones."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from jughpc.batch.scheduler import Reply
from jughpc.testing.cluster.answers import Caller
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Element, Node, SimJob
from jughpc.testing.cluster.pbs import SimPbs
from jughpc.testing.cluster.processes import Exited, Start, Stepped, TermError
from jughpc.testing.cluster.rules import PBS, SLURM, Rules
from jughpc.testing.cluster.slurm import SimSlurm
from jughpc.testing.stage import Stage

DATA = Path(__file__).parent.parent / "data"
SCRIPT = "#!/bin/bash\n{directives}\nexec python -m work\n"


@pytest.fixture
def recorded() -> Callable[[str], Reply]:
    """Return the recorded exchange of that name, `slurm/squeue-empty`, as the reply that it was."""

    def reply(name: str) -> Reply:
        path = DATA / "cluster" / f"{name}.json"
        exchange = json.loads((path if path.exists() else DATA / f"{name}.json").read_text(encoding="utf-8"))
        return Reply(tuple(exchange["argv"]), exchange["code"], exchange["stdout"], exchange["stderr"])

    return reply


@dataclass
class Rig:
    """A cluster, and how long what runs on it takes.

    Attributes:
        work: By index, the seconds an element runs and its exit code.
        stubborn: Whether it ignores TERM.
        directives: The script's own.
    """

    system: str
    rules: Rules
    slots: int = 2
    nodes: int = 2
    work: dict[int, tuple[float, int]] = field(default_factory=dict)
    stubborn: bool = False
    directives: str = ""
    user: str = "ada"

    def __post_init__(self) -> None:
        self.stage = Stage()
        nodes = [Node(f"node{number + 1}", self.slots) for number in range(self.nodes)]
        self.engine = Engine(self.stage, random.Random(1), self.rules, nodes, self._launch)
        kind = SimSlurm if self.system == "slurm" else SimPbs
        self.commands = kind(self.engine, self._read)

    def run(self, line: str) -> Reply:
        argv = line.split()
        answer = self.commands.answer(argv, Caller(self.user))
        return Reply(tuple(argv), answer.code, answer.stdout, answer.stderr)

    def ask(self, argv: list[str]) -> Reply:
        answer = self.commands.answer(argv, Caller(self.user))
        return Reply(tuple(argv), answer.code, answer.stdout, answer.stderr)

    def wait(self, seconds: float) -> None:
        over: list[bool] = []
        self.stage.at(seconds, lambda: over.append(True))
        self.stage.run(lambda: bool(over))

    def limit(self, **changes: object) -> Rig:
        self.engine.rules = self.rules = replace(self.rules, **changes)
        return self

    def job(self, number: int = 0) -> SimJob:
        return self.engine.history[number]

    def element(self, index: int = 0, job: int = 0) -> Element:
        return self.job(job).elements[index]

    def _launch(self, start: Start, exited: Exited) -> Stepped:
        return Stepped(self.stage, self._steps(start), exited)

    def _steps(self, start: Start):
        seconds, code = self.work.get(start.element.index, (100.0, 0))
        while True:
            with suppress(TermError) if self.stubborn else nullcontext():
                yield seconds
                return code

    def _read(self, path: str) -> str | None:
        return None if "nosuch" in path else SCRIPT.format(directives=self.directives)


@pytest.fixture
def slurm() -> Rig:
    return Rig("slurm", SLURM)


@pytest.fixture
def pbs() -> Rig:
    return Rig("pbs", PBS)
