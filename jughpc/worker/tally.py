"""How a worker is to go about it, and what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jughpc.store.failure import Failure
from jughpc.store.resultfile import Encoded
from jughpc.worker.deadline import seconds_left
from jughpc.worker.marks import Marks

Rescue = Callable[[Mapping[bytes, Encoded], str], Path]
"""Keeps results, by digest, of a life, where the store does not take them. Raises OSError."""

Say = Callable[[str], None]
"""Where a worker tells people what it does, a line at a time."""


_EARLY = 0.1  # of an element's time


@dataclass(frozen=True)
class Options:
    """How a worker is to go about it.

    Attributes:
        keep_going: Go on after a task has failed.
        retry_failed: Run tasks again that had failed before this worker first looked.
        retries: How often a task that fails is tried again.
        start: Where on the way round this worker begins, 0 to 1, so that a thousand do not meet.
        deadline: When the scheduler ends this element [Unix s], None for never.
        leaves: Of what deaths of workers a task is left to others: they have more of what it lacked.
        until: When the worker begins nothing more, though it has time left [the same], None for never.
        begun: When its first workers began [the same], None for now.
        max_crashes: Of how many deaths of workers a task fails.
        largest: What a result may take in this store [bytes], None for any size.
        debug: Fail tasks that change their arguments or make tasks.
        examine: Called with what a task raised, before it is recorded.
        stop_file: Asks to stop after the task in hand, by being there.
        marks: Notes which output is which task's, None where none is kept.
        is_thorough: Look at each shard that was done before, and at some others, before this worker ends well.
        patience: How long the worker waits for a store that fails [s].
        save_time: How long before its time is up a task is told so that saves what it has [s].
        scratch: Where on the node tasks may write, None for where its variables say.
        rescue: Called with results that the store does not take, and with what wrote them; keeps them elsewhere and
            returns where.
    """

    keep_going: bool = False
    retry_failed: bool = True
    retries: int = 0
    start: float = 0.0
    deadline: float | None = None
    leaves: frozenset[str] = frozenset()
    until: float | None = None
    begun: float | None = None
    max_crashes: int = 3
    largest: int | None = None
    debug: bool = False
    examine: Callable[[BaseException], None] | None = None
    stop_file: Path | None = None
    marks: Marks | None = None
    is_thorough: bool = False
    patience: float = 3600.0
    save_time: float = 30.0
    scratch: Path | None = None
    rescue: Rescue | None = None

    def is_early(self, now: float) -> bool:
        """Return whether who begins now has about all of the element's time; `now` in Unix seconds."""
        if self.deadline is None or self.begun is None:
            return True
        return now - self.begun <= _EARLY * (self.deadline - self.begun)

    def seconds_left(self, now: float) -> float:
        """Return how long a task may still run [s]; `now` in Unix seconds."""
        return seconds_left(self.deadline, now)


@dataclass
class Tally:
    """What a worker did: tasks by name, and what failed under it."""

    executed: Counter[str] = field(default_factory=Counter)
    loaded: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def plus(self, later: Tally) -> Tally:
        """Return both together, `later` being of a later load of the same jugfile: it found done what this one ran."""
        loaded = (self.loaded | later.loaded) - self.executed
        failures = {failure.digest: failure for failure in (*self.failures, *later.failures)}  # each worker meets it
        return Tally(self.executed + later.executed, loaded, list(failures.values()))
