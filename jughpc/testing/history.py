"""Play a plan to its end, and judge how it ended."""

from __future__ import annotations

from dataclasses import dataclass

from jughpc.errors import StoreError
from jughpc.testing.parts import Parts
from jughpc.testing.plan import MOST_DEATHS, Plan
from jughpc.testing.realworker import playing
from jughpc.testing.world import Trace, World


@dataclass(frozen=True)
class History:
    """What came of a plan.

    Attributes:
        broken: The rules that were broken, in words; none is good.
        seconds: How long it took until all was done [true s].
        runs: How often each task was begun.
    """

    broken: tuple[str, ...]
    seconds: float
    runs: dict[bytes, int]


def play(plan: Plan, parts: Parts | None = None, trace: Trace | None = None) -> History:
    """Play `plan` with the real code, or with `parts` of it replaced."""
    world = World(plan, parts or Parts(), trace)
    with playing(world):
        try:
            _go_wild(world)
            seconds = world.stage.time
            if not world.referee.broken:
                _heal(world)
                _inspect(world)
        finally:
            world.stage.close()
    return History(tuple(world.referee.broken), seconds, dict(world.referee.runs))


def _go_wild(world: World) -> None:
    """Let workers work and visitors visit, whatever befalls them."""
    plan = world.plan
    for number in plan.hosts:
        world.start_worker(world.hosts[number], world.rng.uniform(0.0, 2.0))
    for kind, delay in plan.visitors:
        world.send(kind, delay)
    pace = plan.pace
    _run(world, plan.forecast.until + 6 * pace.ttl + 2 * pace.lag + 2 * plan.work + 600.0)
    if plan.fair and any(count != 1 for count in world.referee.runs.values()):
        world.referee.blame("a task ran twice, and nothing had gone wrong")
    if plan.only_deaths and world.referee.published > world.died + plan.patience:
        world.referee.blame(f"the work took longer than {plan.patience:.0f} s after the last death")


def _heal(world: World) -> None:
    """Let a last worker, in fair weather, complete what is left, trusting all that it finds."""
    world.weather.calm()
    for _ in range(3):
        world.start_worker(world.hosts[-1], 0.0)
        _run(world, world.stage.time + 3 * world.plan.pace.ttl + 2 * world.plan.work + 600.0)
        if not world.rots or _all_read(world):
            break  # else damage was found by reading, and those tasks are ready again


def _run(world: World, limit: float) -> None:
    """Play until everybody has ended; nobody may need more time than until `limit`."""
    stage, broken = world.stage, world.referee.broken
    stage.run(lambda: bool(broken) or stage.time > limit)
    for actor in stage.actors:
        if not (broken or actor.over or actor.doomed):
            world.referee.blame(f"{actor.name} never ends")


def _inspect(world: World) -> None:
    """Check what lies on the disk in the end."""
    for task in world.plan.tasks:
        if task.can_be_done and not _reads(world, task.digest):
            world.referee.blame(f"the result of {task.digest.hex()[:8]} was lost")
    _inspect_deaths(world)
    for path in world.disk.paths():
        if path.endswith(".corrupt") and not world.rots:
            world.referee.blame(f"{path} was damaged by nobody")
        if path.endswith(".failure") and not any(task.digest.hex() in path for task in world.plan.deadly):
            world.referee.blame(f"{path} is there, and no task failed")


def _inspect_deaths(world: World) -> None:
    """Check that each deadly task that could be run failed for that."""
    for task in world.plan.deadly:
        failure = world.look().failure(task.digest)
        if all(need.can_be_done for need in task.needs) and not (failure and failure.deaths >= MOST_DEATHS):
            world.referee.blame(f"{task.digest.hex()[:8]} is deadly, and did not fail for that")


def _all_read(world: World) -> bool:
    tasks = [task for task in world.plan.tasks if task.can_be_done]
    return not [task for task in tasks if not _reads(world, task.digest)]  # each is tried


def _reads(world: World, digest: bytes) -> bool:
    try:
        return bool(world.look().get(digest) == world.tasks[digest].value)
    except StoreError:
        return False
