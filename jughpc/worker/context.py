"""What the parts of one worker share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jughpc.fs import Clock
from jughpc.store.base import Claim, Store
from jughpc.store.record import Record
from jughpc.worker.policy import Policy
from jughpc.worker.stops import Stops
from jughpc.worker.tally import Options, Say, Tally


class Pulse(Protocol):
    """The lives of this worker, one after the other; see store.life.

    What runs is told in one of two ways: `note` for a task that is claimed by itself, and a batch for
    tasks that run under a claim on their shard. A batch's task that turns out long makes the beat
    process claim it singly, with those that were run before it, and let the shard go.
    """

    record: Record

    def late(self) -> bool:
        """Return whether others may by now take the present life for dead."""

    def renew(self, reason: str) -> None:
        """End the present life, and its claims with it, and begin another."""

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Say what runs now, "" for nothing; `since` in this host's uptime [s]."""

    def count(self, done: int, failed: int) -> None:
        """Say how many tasks were finished."""

    def begin_batch(self, claim: Claim, digests: Sequence[bytes]) -> None:
        """Say what will run under `claim`, a claim on a shard, in this order; at most store.board.MOST tasks."""

    def step(self, number: int, name: str, since: float) -> None:
        """Say that the batch's task `number` runs now; `since` in this host's uptime [s]."""

    def end_batch(self) -> list[Claim]:
        """Return what is held now: the batch's claim, or single claims in its place."""


@dataclass(frozen=True)
class Kit:
    """What the parts of one worker share."""

    store: Store
    pulse: Pulse
    clock: Clock
    stops: Stops
    policy: Policy
    options: Options
    say: Say
    tally: Tally

    def seconds_left(self) -> float:
        """Return how long a task may still run [s]."""
        return self.options.seconds_left(self.clock.wall())

    def stopping(self) -> bool:
        """Return whether no further task is to be begun."""
        return self.stops.asked(self.clock.now()) or bool(self.tally.failures and not self.options.keep_going)
