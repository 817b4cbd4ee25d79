"""How a batch system treats its jobs: what differs between Slurm and PBS, and from site to site."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """The habits and limits of a batch system.

    Attributes:
        array_size: Indices that an array may have at most: the largest is one less.
        user_jobs: Elements that one user may have in the queue, None for no bound.
        system_jobs: Elements that all may have in the queue, None for no bound.
        keep: For how long it knows what has ended [s]; 0 forgets at once.
        apart: Whether each element is forgotten by itself.
        kill_wait: Between TERM and KILL [s].
        late: By how much a time limit strikes too late at most [s].
        requeue_wait: Before what was put back into the queue starts again [s].
        node_wait: Until a node that died is noticed [s].
        unknown_is_met: Whether a dependency on an unknown job holds nothing back; else it can never be met.
        deletes_never: Whether what can never start is deleted; else it waits for ever.
        cycle: Between two looks of the scheduler [s].
        first: The first job's number.
        accounting: Whether it tells later what became of jobs.
        first_only: Whether `qstat -F json` answers for the first id alone (OpenPBS since December 2023).
    """

    array_size: int = 1001
    user_jobs: int | None = None
    system_jobs: int | None = None
    keep: float = 300.0
    apart: bool = True
    kill_wait: float = 30.0
    late: float = 30.0
    requeue_wait: float = 120.0
    node_wait: float = 300.0
    unknown_is_met: bool = True
    deletes_never: bool = False
    cycle: float = 1.0
    first: int = 1
    accounting: bool = False
    first_only: bool = False


SLURM = Rules()
PBS = Rules(
    array_size=10_000,
    keep=24 * 3600.0,
    apart=False,
    kill_wait=10.0,
    late=10.0,
    requeue_wait=5.0,
    node_wait=310.0,
    unknown_is_met=False,
    deletes_never=True,
)
