"""Whether a submission fits into what the system lets a user queue: told before anything is queued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jughpc.batch.scheduler import Bound, Job, Role
from jughpc.errors import SettingError


@dataclass(frozen=True)
class _Asked:
    """What is to be queued.

    Attributes:
        elements: Of the arrays.
        others: Jobs that follow these.
    """

    elements: int
    others: int

    @property
    def jobs(self) -> int:
        return self.elements + self.others


def check(bounds: Sequence[Bound], jobs: Sequence[Job], tell: Callable[[str], None]) -> None:
    """Say what `jobs` have to wait for, if the user's other jobs leave no room for them now.

    Raises:
        SettingError: They would not fit into an empty queue either; its text says what does.
    """
    asked = _Asked(
        sum(job.size for job in jobs if job.role is Role.ARRAY), sum(job.role is not Role.ARRAY for job in jobs)
    )
    for bound in bounds:
        if asked.jobs > bound.most:
            raise SettingError(_never(bound, asked))
    for bound in bounds:
        if asked.jobs > bound.most - bound.used:
            tell(_later(bound, asked))
            return


def _never(bound: Bound, asked: _Asked) -> str:
    fit = bound.most - asked.others
    advice = f"Ask for --array {fit} or less." if fit > 0 else "Not even one element fits."
    return f"{_words(asked)} do not fit: {bound.name} is {bound.most}. {advice}"


def _later(bound: Bound, asked: _Asked) -> str:
    fit = max(0, bound.most - bound.used - asked.others)
    return (
        f"room       {_words(asked)} do not fit now: {bound.name} is {bound.most}, and {bound.used} are queued. "
        f"Now {fit} elements would fit; jughpc waits for others to end, ^C ends that"
    )


def _words(asked: _Asked) -> str:
    return f"{asked.elements} elements" + (f" and {asked.others} jobs after them" if asked.others else "")
