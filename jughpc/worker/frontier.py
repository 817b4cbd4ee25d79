"""The tasks that can run now, by shard and by kind; and what is left of each shard."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable

from jughpc.tasks.graph import Graph


class Frontier:
    """Which tasks of a graph are ready, where they lie, and when a shard is done.

    Args:
        shard_of: Which shard a digest lies in.
    """

    def __init__(self, graph: Graph, shard_of: Callable[[bytes], int]) -> None:
        self.graph = graph
        self.shard = array("H", map(shard_of, graph.digests))
        self.left = Counter(self.shard)
        self.members: dict[int, array[int]] = {shard: array("L") for shard in self.left}
        for index, shard in enumerate(self.shard):
            self.members[shard].append(index)
        self.ready: dict[int, dict[int, None]] = {}
        self.kinds: Counter[str] = Counter()
        self.add(graph.ready())

    def add(self, indices: Iterable[int]) -> None:
        """Take in tasks that became ready."""
        tasks, shard = self.graph.tasks, self.shard
        for index in indices:
            self.ready.setdefault(shard[index], {})[index] = None
            self.kinds[tasks[index].name] += 1

    def drop(self, index: int) -> None:
        """Take out a task that is not to be run any more; one that is not in is no error."""
        here = self.ready.get(self.shard[index])
        if here is None or index not in here:
            return
        del here[index]
        self.kinds[self.graph.tasks[index].name] -= 1
        if not here:
            del self.ready[self.shard[index]]

    def is_ready(self, index: int) -> bool:
        """Return whether the task is in."""
        return index in self.ready.get(self.shard[index], ())

    def done(self, index: int) -> list[int]:
        """Take note that a task has a result; return those that became ready by it."""
        self.drop(index)
        self.left[self.shard[index]] -= 1
        fresh = self.graph.done(index)
        self.add(fresh)
        return fresh

    def digests(self, shard: int) -> set[bytes]:
        """Return the task set of a shard."""
        return {self.graph.digests[index] for index in self.members[shard]}

    def undone(self, index: int) -> None:
        """Take note that a task lost its result: it and what waits for it must wait again."""
        self.left[self.shard[index]] += 1
        for waiting in self.graph.undone(index):
            self.drop(waiting)
        if self.graph.is_ready(index):
            self.add([index])

    def failed(self, index: int) -> None:
        """Take note that a task failed: it is not run again, and neither is what depends on it."""
        self.drop(index)
        self.graph.failed(index)
