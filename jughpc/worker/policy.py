"""Claim singly or by shard: a question of what a task and a claim take, both measured."""

from __future__ import annotations

from dataclasses import dataclass, field

WORTH = 0.05  # a claim of its own may cost this part of a task's time
WORTH_IF_SCARCE = 0.5  # and this part, where shards are fewer than workers

_WEIGHT = 0.2  # of the newest measurement in a running mean


@dataclass
class Policy:
    """What this worker has measured.

    Attributes:
        workers: How many work on this store, as far as known.
        claim_cost: What claiming and releasing one task takes [s].
        means: Mean run time by function name [s].
        saves: The names of tasks that save what they have when time is up, and need not end in one job.
    """

    workers: int = 1
    claim_cost: float = 0.001
    means: dict[str, float] = field(default_factory=dict)
    saves: set[str] = field(default_factory=set)

    def ran(self, name: str, seconds: float, count: int = 1) -> None:
        """Take note that `count` tasks called `name` ran for `seconds` in all."""
        mean = seconds / count
        before = self.means.get(name)
        self.means[name] = mean if before is None else before + _WEIGHT * (mean - before)

    def claimed(self, seconds: float) -> None:
        """Take note of what a claim took."""
        self.claim_cost += _WEIGHT * (seconds - self.claim_cost)

    def is_short(self, name: str, shards: int) -> bool:
        """Return whether tasks called `name` are claimed by shard; unknown ones are not, for they may take days.

        Args:
            shards: How many shards still hold ready tasks.
        """
        mean = self.means.get(name)
        if mean is None or name in self.saves:
            return False
        worth = WORTH_IF_SCARCE if shards < self.workers else WORTH
        return mean * worth < self.claim_cost

    def fits(self, name: str, left: float) -> bool:
        """Return whether a task called `name` would, by what was measured, end within `left` [s]."""
        return left > 0 and (self.means.get(name, 0.0) <= left or name in self.saves)


class Times:
    """Measures tasks that run one after the other, and tells a policy once for each stretch of the same name.

    Args:
        start: When the first begins [s].

    Attributes:
        name: What runs in this stretch, "" before the first.
    """

    def __init__(self, policy: Policy, start: float) -> None:
        self._policy, self._start, self._first = policy, start, 0
        self.name = ""

    def turn(self, name: str, number: int, now: float) -> None:
        """Take note that from task `number` on they are called `name`, "" for none; it begins now [s]."""
        if number > self._first:
            self._policy.ran(self.name, now - self._start, number - self._first)
        self.name, self._first, self._start = name, number, now
