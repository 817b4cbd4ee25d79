"""Whether a submission fits into what the system lets a user queue: told before anything is queued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from jughpc.batch.scheduler import Bound, Job, Resources, Role
from jughpc.errors import SettingError
from jughpc.units import show_seconds


def check(bounds: Sequence[Bound], jobs: Sequence[Job], tell: Callable[[str], None]) -> None:
    """Say what `jobs` have to wait for, if the user's other jobs leave no room for them now.

    Raises:
        SettingError: They would not fit into an empty queue either; its text says what does.
    """
    elements = sum(job.size for job in jobs if job.role is Role.ARRAY)
    others = sum(job.role is not Role.ARRAY for job in jobs)
    rooms = [(bound, bound.most - (others if bound.followers else 0)) for bound in bounds]
    for bound, room in rooms:
        if elements > room:
            raise SettingError(_never(bound, room, _words(elements, others)))
    for bound, room in rooms:
        if elements > room - bound.used:
            tell(_later(bound, room - bound.used, _words(elements, others)))
            return


def within(collect: Resources, longest: float | None, tell: Callable[[str], None]) -> Resources:
    """Return what a collector is to ask for: no more time than any job may run, for it would never start.

    It may well take less: what it does not see the end of it hands on.
    """
    if longest is None or collect.walltime is None or collect.walltime <= longest:
        return collect
    tell(f"room       the collector gets {show_seconds(longest)}: no job may run longer there")
    return replace(collect, walltime=longest)


def _never(bound: Bound, fit: int, words: str) -> str:
    advice = f"Ask for --array {fit} or less." if fit > 0 else "Not even one element fits."
    return f"{words} do not fit: {bound.name} is {bound.most}. {advice}"


def _later(bound: Bound, fit: int, words: str) -> str:
    return (
        f"room       {words} do not fit now: {bound.name} is {bound.most}, and {bound.used} are queued. "
        f"Now {max(0, fit)} elements would fit; jughpc waits for others to end, ^C ends that"
    )


def _words(elements: int, others: int) -> str:
    return f"{elements} elements" + (f" and {others} jobs after them" if others else "")
