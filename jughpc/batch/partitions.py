"""What there is to be asked for: the partitions, or queues, of a system, as it tells of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Partition:
    """One partition, or queue.

    Attributes:
        is_default: Whether jobs go there that name none.
        is_open: Whether it takes jobs, of anybody.
        longest: How long a job may run there [s], None for as long as it likes.
        usual: How long one may run that says nothing [s], None for as long as it may.
        has_whole_nodes: Whether each job has its nodes for itself.
        has_gpus: Whether its nodes have any.
        array_size: Elements that one array may have there, None where that is not said.
    """

    name: str
    is_default: bool = False
    is_open: bool = True
    longest: float | None = None
    usual: float | None = None
    has_whole_nodes: bool = False
    has_gpus: bool = False
    array_size: int | None = None
