"""The tasks that can run now, by shard and by kind; and what is left of each shard."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain, compress

from jughpc.tasks.graph import Graph
from jughpc.worker.places import Places

_MOST = 1 << 17  # tasks of which it is kept where each digest is


class Frontier:
    """Which tasks of a graph are ready, where they lie, and when a shard is done.

    Args:
        shard_of: Which shard a digest lies in.
        places: Where the tasks lie, if that is known already.

    Attributes:
        shard: Of each task.
        left: How many tasks of each shard have no result.
        ready: The ready tasks of each shard that has such, but for suspects. Of a shard all of whose tasks are ready it
            is what `members` gives until one is taken out: a set of a million takes 110 MB.
        kinds: How many of these there are of each of the graph's names.
        aside: The suspects that are ready: workers died of them, so they run last, and alone.
        places: Where all tasks lie.
    """

    def __init__(self, graph: Graph, shard_of: Callable[[bytes], int], places: Places | None = None) -> None:
        self.graph = graph
        self.places = places or Places.of(graph, shard_of)
        self.shard, self._members = self.places.shard, self.places.members
        self.left = Counter({shard: len(members) for shard, members in self._members.items()})
        self.ready: dict[int, Collection[int]] = {}
        self.kinds: Counter[int] = Counter()
        self.aside: set[int] = set()
        self._suspects: dict[int, int] = {}  # all of them, to how many died of each
        self._indices: dict[int, dict[bytes, int]] = {}
        self._indexed = 0
        self._shard_of = shard_of
        if graph.all_are_ready():  # as often, and no task need be put into its place by itself
            self.ready.update(self._members)
            self.kinds.update(graph.kinds)
        else:
            self._add(graph.ready())

    def index(self, digest: bytes) -> int | None:
        """Return where a task is in the graph, None if it is none of the graph's."""
        return self._index(self._shard_of(digest)).get(digest)

    def indices(self, shard: int, digests: Iterable[bytes]) -> list[int]:
        """Return where tasks of a shard are; all must be the graph's."""
        return list(map(self._index(shard).__getitem__, digests)) if digests else []

    def _index(self, shard: int) -> dict[bytes, int]:
        if shard not in self._indices:
            members, digests = self._members.get(shard, ()), self.graph.digests
            self._indices[shard] = dict(zip(digests.of(members), members, strict=True))
            self._indexed += len(members)
            while self._indexed > _MOST and len(self._indices) > 1:
                self._indexed -= len(self._indices.pop(next(iter(self._indices))))
        return self._indices[shard]

    def is_ready(self, index: int) -> bool:
        """Return whether the task can run now, or last."""
        return index in self._here(self.shard[index]) or index in self.aside

    def is_empty(self) -> bool:
        """Return whether no task at all can run now, or last."""
        return not self.ready and not self.aside

    def shards(self) -> list[int]:
        """Return the shards of what can run now, or last."""
        return sorted(self.ready.keys() | {self.shard[index] for index in self.aside})

    def deaths(self, index: int) -> int:
        """Return how many workers are known to have died of a task: of a suspect at least one."""
        return self._suspects.get(index, 0)

    def suspect(self, index: int, deaths: int) -> None:
        """Take note of how many workers died of a task that is not done; with none it is as good as any."""
        is_ready = self.is_ready(index)
        self._drop(index)
        if deaths:
            self._suspects[index] = deaths
        else:
            self._suspects.pop(index, None)
        if is_ready:
            self._add([index])

    def leave(self, index: int) -> None:
        """Take a suspect out: nobody runs it here, and it is neither done nor failed."""
        self.aside.discard(index)

    def members(self, shard: int) -> array[int]:
        """Return all tasks of a shard."""
        return self._members[shard]

    def lacking(self, shard: int) -> set[bytes]:
        """Return those of the task set of a shard that have no result."""
        return set(self.graph.digests.of(self.graph.lacking(self._members[shard])))

    def digests(self, shard: int) -> set[bytes]:
        """Return the task set of a shard."""
        return set(self.graph.digests.of(self._members[shard]))

    def of_kinds(self, kinds: set[int]) -> array[int]:
        """Return the ready tasks with one of these names, in the order of definition."""
        ready = array("I", self._in_order())
        if not self.aside and self.kinds.keys() <= kinds:  # as often
            return ready
        return array("I", compress(ready, map(kinds.__contains__, map(self.graph.kinds.__getitem__, ready))))

    def _here(self, shard: int) -> set[int]:
        """Return the ready tasks of a shard, to be changed if there are any."""
        here = self.ready.get(shard)
        if here is None or isinstance(here, set):
            return here or set()
        fresh = self.ready[shard] = set(here)
        return fresh

    def _in_order(self) -> Iterable[int]:
        if 8 * self.kinds.total() > len(self.shard):  # sorting so many takes longer than to look at all
            return self.graph.each_ready()
        return sorted(chain.from_iterable(self.ready.values()))

    def done(self, shard: int, indices: list[int]) -> list[int]:
        """Take note that tasks of a shard, none of them done yet, have results; return those that became ready."""
        self._drop_all(shard, indices)
        self.left[shard] -= len(indices)
        made_ready = self.graph.all_done(indices)
        self._add(made_ready)
        return made_ready

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

    def _add(self, indices: Sequence[int]) -> None:
        shard, ready = self.shard, self.ready
        if suspects := self._suspects.keys() & indices if self._suspects else ():
            self.aside |= suspects
            indices = [index for index in indices if index not in suspects]
        for index in indices:
            here = ready.get(shard[index])
            if here is None:
                ready[shard[index]] = {index}
            else:
                (here if isinstance(here, set) else self._here(shard[index])).add(index)
        self.kinds.update(self.graph.count_kinds(indices))

    def _drop(self, index: int) -> None:
        self._drop_all(self.shard[index], [index])

    def _drop_all(self, shard: int, indices: list[int]) -> None:
        """Take out tasks of a shard; one that is not in is no error."""
        if self.aside:
            self.aside.difference_update(indices)
        if isinstance(all_here := self.ready.get(shard), array) and len(all_here) == len(indices):  # as often
            self.kinds.subtract(self.graph.count_kinds(indices))
            del self.ready[shard]
            return
        if not (here := self._here(shard)):
            return
        gone = here.intersection(indices)
        self.kinds.subtract(self.graph.count_kinds(gone))  # counts first: that is done in C
        if len(gone) == len(here):
            del self.ready[shard]
        else:
            here -= gone
