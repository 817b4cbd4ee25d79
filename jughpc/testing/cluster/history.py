"""Play a plan of a cluster to its end, and judge how it ended."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from jughpc.testing.cluster.blame import Blame
from jughpc.testing.cluster.broken import all_made
from jughpc.testing.cluster.model import Phase
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import Plan
from jughpc.testing.cluster.referee import Trace
from jughpc.testing.cluster.world import ME, World, is_ours

_LONG = 3 * 3600.0  # [s] within which everything ends that ever will
_AFTER = 240.0  # [s] after a cancel nothing is left


@dataclass(frozen=True)
class History:
    """What came of a plan.

    Attributes:
        blames: The rules that were broken; none is good.
        seconds: How long it took [true s].
        summary: Who ended how, in a line each.
    """

    blames: tuple[Blame, ...]
    seconds: float
    summary: tuple[str, ...]


def play(plan: Plan, parts: Parts | None = None, trace: Trace | None = None) -> History:
    """Play `plan` with what ships, or with `parts` of it replaced."""
    parts = parts or Parts()
    world = World(plan, parts, trace)
    state = random.getstate()
    random.seed(plan.seed)  # of the jitter of what ships
    try:
        with all_made(parts.broken):
            _play(world, plan)
    finally:
        random.setstate(state)
        world.stage.close()
    return History(tuple(world.referee.blames), world.stage.time, tuple(_summary(world)))


def _play(world: World, plan: Plan) -> None:
    world.begin()
    _run(world, plan.ends)
    world.weather.calm()
    if not plan.hands:
        _let_run(world)
    _cancel_all(world)


def _run(world: World, until: float, over: Callable[[], bool] = lambda: False) -> None:
    """Play on until that time, or until nothing can happen any more."""
    stage = world.stage
    stage.at(max(0.0, until - stage.time), lambda: None)
    stage.run(lambda: stage.time >= until or over())


def _let_run(world: World) -> None:
    """Let everything end by itself: whoever held jobs releases them."""
    for engine in world.system.engines:
        for job in list(engine.jobs.values()):
            engine.release(job, "u")
            engine.release(job, "s")
    _run(world, world.stage.time + _LONG, lambda: _idle(world))
    world.referee.judge_end()


def _idle(world: World) -> bool:
    """Return whether nothing of ours can go on."""
    if any(not actor.over for actor in world.stage.actors):
        return False
    jobs = [job for engine in world.system.engines for job in engine.jobs.values()]
    return all(job.over or job.never for job in jobs if is_ours(job))


def _cancel_all(world: World) -> None:
    """Let somebody look, and then end all submissions one after the other."""
    _run(world, world.stage.time + _LONG, lambda: not world.typing())
    world.look()
    _run(world, world.stage.time + 60.0)
    world.cancel(world.numbers())
    _run(world, world.stage.time + _AFTER)
    world.referee.judge_cancel(ME)


def _summary(world: World) -> list[str]:
    lines = []
    for job in world.system.history:
        ends = [element.end.value if element.end else element.phase.value for element in job.elements.values()]
        running = sum(element.phase is Phase.RUNNING for element in job.elements.values())
        what = job.ask.script.rpartition("/")[2]
        lines.append(f"{job.number} {job.ask.name} {what}: {' '.join(ends)}" + (f" ({running} run)" if running else ""))
    return lines
