"""A process of ours dies before and after each single call, of each signal around each command of the scheduler."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jughpc.testing.cluster.board import Task
from jughpc.testing.cluster.commands import Order
from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import SIGNALS, Plan, Wish, draw
from jughpc.testing.cluster.seat import Doom

FAIR = {"slurm": 0, "pbs": 1}
LOOKS = (Wish("status", 200.0), Wish("submit", 230.0), Wish("status", 700.0))
CALLS, COMMANDS = {"submit": 150, "cancel": 60, "collect": 120, "more": 110}, 14


def plan(system: str, who: str, doom: Doom) -> Plan:
    """Return a history in which one process has that end; whoever comes next looks, and submits again."""
    short = replace(draw(FAIR[system]), site=replace(draw(FAIR[system]).site, slots=(2, 2)), ends=1500.0)
    base = replace(short, order=Order(2, walltime=150.0), tasks=tuple(Task(40.0) for _ in range(6)))
    submit = Wish("submit", 0.0)
    if who == "submit":
        return replace(base, wishes=(replace(submit, doom=doom), *LOOKS))
    if who == "collect":
        return replace(base, wishes=(submit, *LOOKS), collector_dooms=(doom,))
    return replace(base, wishes=(submit, Wish(who, 30.0, doom), *LOOKS))


def broken(system: str, who: str, doom: Doom) -> list[str]:
    return [f"{doom}: {blame}" for blame in play(plan(system, who, doom)).blames]


@pytest.mark.parametrize("system", FAIR)
@pytest.mark.parametrize("who", CALLS)
def test_a_death_of_any_signal_around_any_command_of_the_scheduler_breaks_no_rule(system, who):
    for point in range(COMMANDS):
        for signal in SIGNALS:
            assert not broken(system, who, Doom(point, signal, commands=True))


@pytest.mark.parametrize("system", FAIR)
@pytest.mark.parametrize("who", CALLS)
def test_a_death_before_or_after_any_call_breaks_no_rule(system, who):
    for point in range(CALLS[who]):
        assert not broken(system, who, Doom(point, SIGNALS[point // 2 % len(SIGNALS)]))
