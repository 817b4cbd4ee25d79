"""What a batch system tells of itself that a site profile can say: partitions and limits."""

from __future__ import annotations

from dataclasses import dataclass

from jughpc import host
from jughpc.batch.clusters import Clusters
from jughpc.batch.partitions import Partition
from jughpc.batch.scheduler import Limits
from jughpc.errors import SchedulerError


@dataclass(frozen=True)
class Survey:
    """What was told.

    Attributes:
        scheduler: Its name.
        host: Where it was asked.
        partitions: Empty where it has none, or did not answer.
        trouble: Why it did not, "" if it did.
    """

    scheduler: str
    host: str
    limits: Limits
    partitions: tuple[Partition, ...] = ()
    trouble: str = ""


def survey(clusters: Clusters, scheduler: str | None) -> Survey:
    """Ask the system of that name, by default the one that is here. Raises SettingError if there is none."""
    cluster = clusters.here(scheduler)
    told = Survey(cluster.name, host.hostname(), cluster.limits)
    if not (command := cluster.scheduler.partitions_command()):
        return told
    try:
        reply = cluster.order(command)
    except SchedulerError as error:
        return Survey(told.scheduler, told.host, told.limits, trouble=str(error))
    found = tuple(cluster.scheduler.parse_partitions(reply, cluster.limits))
    words = "" if found else f"{command[0]} told of no partition: {(reply.stderr or reply.stdout).strip()[:200]}"
    return Survey(told.scheduler, told.host, told.limits, found, words)
