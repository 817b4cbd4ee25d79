"""The batch systems of one history: the one that submissions are made on, and maybe another that sees the same disk."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from jughpc.testing.cluster.answers import Answer, Caller, Read, System, system_of
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.model import Node, Process, SimJob
from jughpc.testing.cluster.pbs import SimPbs
from jughpc.testing.cluster.plan import Plan
from jughpc.testing.cluster.processes import Exited, Start
from jughpc.testing.cluster.rules import PBS, SLURM
from jughpc.testing.cluster.slurm import SimSlurm
from jughpc.testing.stage import Stage

Launch = Callable[[Start, Exited], Process]


class Systems:
    """Meets answers.System: each command is the one's that has it.

    Attributes:
        near: Where submissions are made.
        far: Where elements are added, None where there is no such system.
    """

    def __init__(self, stage: Stage, rng: random.Random, plan: Plan, launch: Launch, read: Read) -> None:
        self._plan, site = plan, plan.site
        nodes = [
            Node(f"node{number + 1}", slots, broken=number in site.broken, commands=number not in site.bare)
            for number, slots in enumerate(site.slots)
        ]
        self.near: Engine = Engine(stage, rng, plan.rules, nodes, launch)
        self.far: Engine | None = None
        self._known: dict[str, System] = {plan.system: _spoken(plan.system, self.near, read)}
        if plan.far:
            rules = PBS if plan.far.system == "pbs" else SLURM
            rules = replace(rules, keep=max(plan.rules.keep, 5.0))  # its jobs have the same numbers as the other's
            self.far = Engine(stage, rng, rules, [Node("far1", plan.far.slots)], launch)
            self._known[plan.far.system] = _spoken(plan.far.system, self.far, read)

    @property
    def engines(self) -> list[Engine]:
        """All of them."""
        return [self.near, *([self.far] if self.far else [])]

    @property
    def history(self) -> list[SimJob]:
        """All jobs that there ever were."""
        return [job for engine in self.engines for job in engine.history]

    def of_job(self, job: SimJob) -> str:
        """Return the name of the system that a job is on."""
        return self._plan.far.system if self._plan.far and self.far and job in self.far.history else self._plan.system

    def lacking(self, node: Node | None) -> tuple[str, ...]:
        """Return the systems whose commands are not on a node, None for the login host, though those of others are."""
        if node is None or self._plan.far is None or self.far is None:
            return ()
        if node in self.far.nodes:
            return (self._plan.system,)
        return (self._plan.far.system,) if self._plan.far.is_apart else ()

    def answer(self, argv: Sequence[str], caller: Caller) -> Answer:
        return self._meant(argv).answer(argv, caller)

    def away(self, argv: Sequence[str]) -> Answer:
        return self._meant(argv).away(argv)

    def hung(self, argv: Sequence[str]) -> Answer | None:
        return self._meant(argv).hung(argv)

    def _meant(self, argv: Sequence[str]) -> System:
        return self._known[system_of(argv[0].rpartition("/")[2])]


def _spoken(system: str, engine: Engine, read: Read) -> System:
    return SimSlurm(engine, read) if system == "slurm" else SimPbs(engine, read)
