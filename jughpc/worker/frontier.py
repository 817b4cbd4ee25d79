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

    Attributes:
        shard: Of each task.
        left: How many tasks of each shard have no result.
        ready: The ready tasks of each shard that has such.
        kinds: How many are ready of each name.
    """

    def __init__(self, graph: Graph, shard_of: Callable[[bytes], int]) -> None:
        self.graph = graph
        self.shard = array("H", map(shard_of, graph.digests))
        self.left = Counter(self.shard)
        self._members: dict[int, array[int]] = {shard: array("L") for shard in self.left}
        for index, shard in enumerate(self.shard):
            self._members[shard].append(index)
        self.ready: dict[int, set[int]] = {}
        self.kinds: Counter[str] = Counter()
        self._add(graph.ready())

    def is_ready(self, index: int) -> bool:
        """Return whether the task can run now."""
        return index in self.ready.get(self.shard[index], ())

    def members(self, shard: int) -> array[int]:
        """Return all tasks of a shard."""
        return self._members[shard]

    def digests(self, shard: int) -> set[bytes]:
        """Return the task set of a shard."""
        digests = self.graph.digests
        return {digests[index] for index in self._members[shard]}

    def of_kinds(self, names: set[str]) -> list[int]:
        """Return the ready tasks with one of these names, in the order of definition."""
        tasks = self.graph.tasks
        return sorted(index for here in self.ready.values() for index in here if tasks[index].name in names)

    def done(self, shard: int, indices: list[int]) -> list[int]:
        """Take note that tasks of a shard, none of them done yet, have results; return those that became ready."""
        self._drop_all(shard, indices)
        self.left[shard] -= len(indices)
        done = self.graph.done
        made_ready = [dependent for index in indices for dependent in done(index)]
        fresh = [index for index in made_ready if self.graph.is_ready(index)]  # it may be of `indices` itself
        self._add(fresh)
        return fresh

    def undone(self, index: int) -> None:
        """Take note that a task lost its result: it and what waits for it must wait again."""
        self.left[self.shard[index]] += 1
        for waiting in self.graph.undone(index):
            self._drop(waiting)
        if self.graph.is_ready(index):
            self._add([index])

    def failed(self, index: int) -> None:
        """Take note that a task failed: it is not run again, and neither is what depends on it."""
        self._drop(index)
        self.graph.failed(index)

    def _add(self, indices: Iterable[int]) -> None:
        tasks, shard, ready = self.graph.tasks, self.shard, self.ready
        for index in indices:
            ready.setdefault(shard[index], set()).add(index)
        self.kinds.update([tasks[index].name for index in indices])

    def _drop(self, index: int) -> None:
        self._drop_all(self.shard[index], [index])

    def _drop_all(self, shard: int, indices: list[int]) -> None:
        """Take out tasks of a shard; one that is not in is no error."""
        here = self.ready.get(shard)
        if here is None:
            return
        gone, tasks = here.intersection(indices), self.graph.tasks
        self.kinds.subtract([tasks[index].name for index in gone])
        here -= gone
        if not here:
            del self.ready[shard]
