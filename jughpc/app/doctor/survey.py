"""What a batch system tells of itself that a site profile can say: partitions, limits, and whom a user may charge."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jughpc import host
from jughpc.batch import accounts
from jughpc.batch.accounts import Account
from jughpc.batch.cluster import Cluster
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
        accounts: Of the user who asks; empty where that is not told, which is no trouble.
    """

    scheduler: str
    host: str
    limits: Limits
    partitions: tuple[Partition, ...] = ()
    trouble: str = ""
    accounts: tuple[Account, ...] = ()


def survey(clusters: Clusters, scheduler: str | None) -> Survey:
    """Ask the system of that name, by default the one that is here. Raises SettingError if there is none."""
    cluster = clusters.here(scheduler)
    told = Survey(cluster.name, host.hostname(), cluster.limits, accounts=_accounts(cluster))
    if not (command := cluster.scheduler.partitions_command()):
        return told
    try:
        reply = cluster.order(command)
    except SchedulerError as error:
        return replace(told, trouble=str(error))
    found = tuple(cluster.scheduler.parse_partitions(reply, cluster.limits))
    words = "" if found else f"{command[0]} told of no partition: {(reply.stderr or reply.stdout).strip()[:200]}"
    return replace(told, partitions=found, trouble=words)


def _accounts(cluster: Cluster) -> tuple[Account, ...]:
    command = accounts.command(cluster.scheduler, host.user())
    try:
        return tuple(accounts.read(cluster.order(command))) if command else ()
    except SchedulerError:  # many sites have no accounts
        return ()
