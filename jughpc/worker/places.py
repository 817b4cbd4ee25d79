"""Where the tasks of a graph lie: which shard each is in. It never changes, so forked workers have it in common."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jughpc.store.files.layout import set_name
from jughpc.tasks.digests import Digests
from jughpc.tasks.graph import Graph


@dataclass(frozen=True)
class Places:
    """Which tasks are in which shard.

    Attributes:
        shard: Of each task.
        members: The tasks of each shard that has any.
        names: What marks call the task set of each shard, as far as they were asked for.
    """

    shard: array[int]
    members: Mapping[int, array[int]]
    names: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: Graph, shard_of: Callable[[bytes], int]) -> Places:
        """Return where the tasks of a graph lie, given the shard of a digest."""
        shards = array("H", map(shard_of, graph.digests))
        members = {shard: array("I") for shard in dict.fromkeys(shards)}
        for index, shard in enumerate(shards):
            members[shard].append(index)
        return cls(shards, members)

    def name(self, shard: int, digests: Digests) -> str:
        """Return what marks call the task set of a shard, given the digests of all tasks."""
        if shard not in self.names:
            self.names[shard] = set_name(set(digests.of(self.members[shard])))
        return self.names[shard]
