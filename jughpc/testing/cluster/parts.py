"""The code of ours that a simulated cluster plays: what ships, but for what a test breaks on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jughpc.batch import registry
from jughpc.batch.scheduler import Limits, Scheduler
from jughpc.testing.cluster import today
from jughpc.testing.cluster.today import Bench
from jughpc.testing.cluster.told import Told


def _interrupted() -> BaseException:
    return KeyboardInterrupt()


@dataclass(frozen=True)
class Parts:
    """Which use cases are played. Each is plain, blocking code that sees nothing but its bench.

    Attributes:
        submit: Queues a submission; returns the exit code.
        status: Says how the latest submission stands.
        cancel: Ends submission `number`; returns the exit code.
        collect: What the collector runs, given its own options; returns the exit code.
        scheduler: Finds the scheduler that speaks for a system, given its limits.
        signals: Those that our commands handle, and what each raises in them; any other ends them at once.
    """

    submit: Callable[[Bench], int] = today.submit
    status: Callable[[Bench], Sequence[Told]] = today.status
    cancel: Callable[[Bench, int], int] = today.cancel
    collect: Callable[[Bench, Mapping[str, str]], int] = today.collect
    scheduler: Callable[[str, Limits], Scheduler] = registry.find
    signals: Mapping[str, Callable[[], BaseException]] = field(default_factory=lambda: {"INT": _interrupted})
