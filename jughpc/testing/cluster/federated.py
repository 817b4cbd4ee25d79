"""Plans in which elements are added on a second system that sees the same disk."""

from __future__ import annotations

import random
from dataclasses import replace

from jughpc.testing.cluster.board import Task
from jughpc.testing.cluster.plan import SIGNALS, Far, Plan, Wish
from jughpc.testing.cluster.seat import Doom

MORE = "more elsewhere"
_POINTS, _COMMANDS = 270, 14  # as often it looks at files, or asks a scheduler
_LONG = 1500.0  # [s] of a task that may keep the second system after the first has ended


def federated(plan: Plan) -> Plan:
    """Return `plan` with a second system, and with users who add elements there, some of whom die of it."""
    rng = random.Random(-1 - plan.seed)
    system = "pbs" if plan.system == "slurm" else "slurm"
    typed = [Wish(MORE, rng.uniform(5.0, 200.0), _doom(rng)) for _ in range(rng.randint(1, 2))]
    looks = [Wish("status", wish.at + rng.uniform(5.0, 90.0)) for wish in typed if wish.doom]
    lasts = min(_LONG, (plan.order.walltime or _LONG) / 2)  # so that it can be done at all
    long = tuple(Task(lasts) for _ in range(rng.randint(0, 2)))
    return replace(
        plan,
        far=Far(system, rng.choice([1, 2, 4]), is_apart=rng.random() < 0.5),
        wishes=(*plan.wishes, *typed, *looks),
        tasks=(*plan.tasks, *long),
        order=replace(plan.order, collect=rng.choice([900.0, 1800.0])),
    )


def _doom(rng: random.Random) -> Doom | None:
    if rng.random() < 0.5:
        return None
    by_commands = rng.random() < 0.5
    return Doom(rng.randrange(_COMMANDS if by_commands else _POINTS), rng.choice(SIGNALS), by_commands)
