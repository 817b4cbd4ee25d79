"""The batch systems as they answer on this host: the one that is here, and those of recorded submissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from jughpc import fs
from jughpc.batch import registry, shell
from jughpc.batch.cluster import Cluster
from jughpc.batch.scheduler import Limits, Reply, Run, Scheduler
from jughpc.errors import SchedulerError
from jughpc.fs import Clock

Runner = Callable[[Scheduler, float], Run]
"""Returns what runs a system's commands, each for so long at most [s]."""


def on_this_host(scheduler: Scheduler, timeout: float) -> Run:
    """Return what starts the system's commands here, without the variables that would change what they mean."""
    return partial(shell.run, timeout=timeout, env=scheduler.capabilities.scrub(fs.environment()))


@dataclass(frozen=True)
class Clusters:
    """Makes a `Cluster` wherever one is needed.

    Attributes:
        runner: How commands are run.
        answer: How long a poll may take [s]: the store can tell most of it.
        order: How long any other command may take [s]; the default outlasts sbatch, which tries again by itself
            for 120 s.
        patience: As of the clusters.
    """

    clock: Clock
    runner: Runner = on_this_host
    answer: float = 30.0
    order: float = 150.0
    patience: float = 300.0

    def here(self, name: str | None = None) -> Cluster:
        """Return the system called `name`, by default the one that is here, and ask what it allows.

        A machine may have a system's commands and belong to no cluster of it: then it is not taken.

        Raises:
            SettingError: There is none of that name.
        """
        for cluster in self._candidates(name):
            reply = _try(cluster)
            if reply and name is None and cluster.scheduler.absent(reply):
                continue
            return cluster.within(cluster.scheduler.parse_limits(reply) if reply else Limits())
        return self.here(registry.FALLBACK)

    def recorded(self, name: str, limits: Limits) -> Cluster:
        """Return the system that a submission was given to; nothing is asked.

        Args:
            limits: What it allowed then.
        Raises:
            SettingError: There is none of that name.
        """
        return self._of(registry.scheduler(name)).within(limits)

    def hasty(self, seconds: float) -> Clusters:
        """Return the same, where nothing is waited for longer than that [s]."""
        return replace(self, answer=seconds, order=seconds, patience=seconds)

    def _candidates(self, name: str | None) -> Iterator[Cluster]:
        yield from map(self._of, registry.present() if name is None else [registry.scheduler(name)])

    def _of(self, scheduler: Scheduler) -> Cluster:
        ask, order = self.runner(scheduler, self.answer), self.runner(scheduler, self.order)
        return Cluster(scheduler, ask, order, self.clock, patience=self.patience)


def _try(cluster: Cluster) -> Reply | None:
    try:
        return cluster.order(cluster.scheduler.limits_command())
    except SchedulerError:
        return None
