"""What users do by hand, and what befalls jobs, nodes and the system itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Protocol

from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.mine import ours
from jughpc.testing.cluster.model import Element, End, Phase, SimJob
from jughpc.testing.cluster.referee import Referee


class Afflicted(Protocol):
    """The part of a simulated cluster that hands and mishaps reach."""

    rng: random.Random
    engine: Engine
    referee: Referee

    def stranger(self, user: str, seconds: float) -> None:
        """Queue a job that is none of ours."""

    def trace(self, words: str) -> None:
        """Say what happens now, if anybody listens."""


Befall = Callable[[Afflicted], None]


def _jobs(world: Afflicted) -> list[SimJob]:
    return [job for job in world.engine.jobs.values() if ours(job) and not job.over]


def _running(world: Afflicted) -> list[tuple[SimJob, Element]]:
    return [(job, element) for job in _jobs(world) for element in job.having(Phase.RUNNING)]


def _meddled(world: Afflicted, job: SimJob) -> None:
    if what := ours(job):
        world.referee.ended.add(what.submission)


def _one_of_running(befall: Callable[[Afflicted, SimJob, Element], None]) -> Befall:
    def strike(world: Afflicted) -> None:
        if found := _running(world):
            job, element = world.rng.choice(found)
            world.trace(f"*** strikes {job.number}_{element.index}")
            befall(world, job, element)

    return strike


def _one_of_jobs(befall: Callable[[Afflicted, SimJob], None]) -> Befall:
    def strike(world: Afflicted) -> None:
        if found := _jobs(world):
            job = world.rng.choice(found)
            world.trace(f"*** strikes {job.number}")
            befall(world, job)

    return strike


def _delete_all(world: Afflicted, job: SimJob) -> None:
    _meddled(world, job)
    job.deleted, job.deletion = True, world.engine.time
    _cancel(world, job, list(job.elements.values()))


def _delete_one(world: Afflicted, job: SimJob) -> None:
    _meddled(world, job)
    _cancel(world, job, [world.rng.choice(list(job.elements.values()))])


def _cancel(world: Afflicted, job: SimJob, elements: list[Element]) -> None:
    world.referee.by_hand.update(element for element in elements if not element.over and element.dying is None)
    world.engine.cancel([(job, element) for element in elements], job.ask.user)


def _hold(world: Afflicted, job: SimJob) -> None:
    world.engine.hold(job, "u", "ada")


def _lose_node(world: Afflicted) -> None:
    node = world.rng.choice(world.engine.nodes)
    if node.up:
        world.trace(f"*** {node.name} dies")
        world.engine.lose_node(node, world.rng.choice([60.0, 600.0]))


def _come(world: Afflicted) -> None:
    world.stranger(world.rng.choice(["ada", "bob"]), world.rng.choice([50.0, 500.0]))


def _crowd(world: Afflicted) -> None:
    """Let the user queue some jobs of another kind."""
    for _ in range(world.rng.randint(2, 5)):
        world.stranger("ada", world.rng.choice([60.0, 400.0]))


def _renumber(world: Afflicted) -> None:
    world.engine.restart_numbers()
    for _ in range(world.rng.randint(1, 4)):
        _come(world)


HANDS: Mapping[str, Befall] = {
    "scancel": _one_of_jobs(_delete_all),
    "scancel one": _one_of_jobs(_delete_one),
    "hold": _one_of_jobs(_hold),
}
"""What users do by hand to a job of ours."""

MISHAPS: Mapping[str, Befall] = {
    "requeue": _one_of_running(lambda world, job, element: world.engine.put_back(job, element, End.CANCELLED)),
    "preempt": _one_of_running(lambda world, job, element: world.engine.put_back(job, element, End.PREEMPTED)),
    "memory": _one_of_running(lambda world, job, element: world.engine.stop(job, element, End.OUT_OF_MEMORY)),
    "launch": _one_of_running(lambda world, job, element: world.engine.fail_launch(job, element)),
    "hold": _one_of_jobs(lambda world, job: world.engine.hold(job, "s", "root")),
    "node": _lose_node,
    "stranger": _come,
    "crowd": _crowd,
    "renumber": _renumber,
}
"""What befalls them."""
