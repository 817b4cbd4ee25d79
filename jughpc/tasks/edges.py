"""What depends on what, in flat arrays; and how that is found among the arguments of tasks.

A large container that several tasks have among their arguments is a node of its own, a bundle: they depend on it, and
it on the tasks in it. So 1000 tasks that share a list of 100 000 make 300 000 edges instead of 100 million.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from operator import sub
from typing import Any

from jughpc.tasks import values
from jughpc.tasks.digest.shared import KINDS, MANY
from jughpc.tasks.task import Task, dependencies_of

_TASKS = frozenset({Task})  # as mostly

Add = Callable[[Task[Any]], int]
"""Returns the index of a task, which is a new one if it was not known."""


class Edges:
    """For each index the indices that it leads to.

    Attributes:
        starts: Where the targets of each index begin; one more entry than indices.
        targets: All targets, those of one index together.
    """

    def __init__(self, starts: array[int], targets: array[int]) -> None:
        self.starts, self.targets = starts, targets

    def __getitem__(self, i: int) -> Sequence[int]:
        start, end = self.starts[i], self.starts[i + 1]
        return self.targets[start:end] if start < end else ()

    def counts(self) -> array[int]:
        """Return how many targets each index has."""
        starts = self.starts
        return array("i", map(sub, starts[1:], starts)) if self.targets else array("i", bytes(4 * len(starts) - 4))

    def reversed(self) -> Edges:
        """Return the same edges from their targets."""
        if not self.targets:
            return self
        counts = array("i", bytes(4 * len(self.starts)))
        for target in self.targets:
            counts[target + 1] += 1
        starts = array("i", accumulate(counts))
        places, sources = starts[:], array("i", bytes(4 * len(self.targets)))
        for source, (start, end) in enumerate(pairwise(self.starts)):
            for target in self.targets[start:end]:
                sources[places[target]] = source
                places[target] += 1
        return Edges(starts, sources)


class Search:
    """Looks for the dependencies of tasks, one task after the other, while nobody changes their arguments.

    Attributes:
        looks_ahead: Whether a task was met that depends on one that came later.
    """

    def __init__(self, add: Add) -> None:
        self._add = add
        self._starts, self._targets = array("i", [0]), array("i")
        self._met: dict[int, object] = {}  # by identity, the large containers; they are kept, so that it stays theirs
        self._numbers: dict[int, int | None] = {}
        self._bundles: list[list[int]] = []
        self.looks_ahead = False

    def look_into(self, nested: Sequence[Any]) -> None:
        """Find what the next task depends on, given those of its arguments that may hold tasks."""
        if nested:
            nodes = map(self._add, nested) if _TASKS.issuperset(map(type, nested)) else self._nodes(nested)
            self._targets.extend(self._seen(dict.fromkeys(nodes)))
        self._starts.append(len(self._targets))

    def have_none(self, count: int) -> None:
        """Take note that the next `count` tasks depend on nothing."""
        self._starts.extend([len(self._targets)] * count)

    def edges(self) -> Edges:
        """Return what was found; bundles come after all tasks."""
        starts, targets, tasks = self._starts, self._targets, len(self._starts) - 1
        if self._bundles:
            targets = array("i", [node if node >= 0 else tasks + ~node for node in targets])
        for members in self._bundles:
            targets.extend(members)
            starts.append(len(targets))
        return Edges(starts, targets)

    def _nodes(self, nested: Sequence[Any]) -> Iterator[int]:
        """Yield the tasks, and for each bundle the complement of its number."""
        for part in values.holders(nested, Task, self._was_met):
            if isinstance(part, Task):
                yield self._add(part)
            elif (number := self._bundle(part)) is not None:
                yield ~number

    def _was_met(self, part: Any) -> bool:
        """Tell whether `part` is a large container that was met before; take note of it."""
        if type(part) not in KINDS or len(part) < MANY:
            return False
        if id(part) in self._met:
            return True
        self._met[id(part)] = part
        return False

    def _bundle(self, container: Any) -> int | None:
        """Return the number of a container's bundle, None if there is no task in it."""
        key = id(container)
        if key not in self._numbers:
            members = list(self._seen(dict.fromkeys(map(self._add, dependencies_of(container)))))
            self._numbers[key] = len(self._bundles) if members else None
            if members:
                self._bundles.append(members)
        return self._numbers[key]

    def _seen(self, nodes: dict[int, None]) -> dict[int, None]:
        """Return `nodes`; take note of whether one of them comes after the task that is looked into."""
        self.looks_ahead = self.looks_ahead or max(nodes, default=-1) >= len(self._starts) - 1
        return nodes
