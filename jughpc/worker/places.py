"""Where the tasks of a graph lie: which shard each is in. It never changes, so forked workers have it in common."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jughpc.tasks.graph import Graph


@dataclass(frozen=True)
class Places:
    """Which tasks are in which shard.

    Attributes:
        shard: Of each task.
        members: The tasks of each shard that has any.
    """

    shard: array[int]
    members: Mapping[int, array[int]]

    @classmethod
    def of(cls, graph: Graph, shard_of: Callable[[bytes], int]) -> Places:
        """Return where the tasks of a graph lie, given the shard of a digest."""
        shards = array("H", map(shard_of, graph.digests))
        members = {shard: array("I") for shard in dict.fromkeys(shards)}
        for index, shard in enumerate(shards):
            members[shard].append(index)
        return cls(shards, members)
