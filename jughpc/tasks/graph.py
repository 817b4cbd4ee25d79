"""The graph: which tasks wait for which, kept right as results become known.

Everything is by index into `tasks`; the indices behind the last are bundles, which only this module knows of: see
edges. Edges lie in flat arrays of integers, so that a task adds tens of bytes, and nothing recurses or scans again:
an edge is walked when the task at one end changes.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from itertools import compress, zip_longest
from operator import not_, or_
from typing import Any

from jughpc.errors import UsageError
from jughpc.tasks import hooks
from jughpc.tasks.callee import Callee
from jughpc.tasks.calls import Calls
from jughpc.tasks.digest.shared import shared
from jughpc.tasks.digested import digested
from jughpc.tasks.digests import Apart, InOnePiece
from jughpc.tasks.edges import Edges, Search
from jughpc.tasks.task import Task

_DONE, _FAILED = 1, 2


class Graph:
    """The distinct tasks of a list, and what they depend on.

    Tasks with the same digest are one: the first. Dependencies that are not in the list are added after it.

    Attributes:
        tasks: One task a digest.
        task: Returns the task that is to be run at a place: the one in `tasks`, or an equal one.
        digests: Theirs, in the same order.
        listed: How many of the tasks, the first ones, were in the list.
        names: The functions' names.
        kinds: For each task, where its name is in `names`.
        callees: What they call, each once.
        unfinished: How many have no result yet.
        stuck: How many of these can get none: they failed, or depend on one that is stuck.
    """

    def __init__(self, tasks: Iterable[Task[Any]]) -> None:
        self._twins: dict[int, dict[Task[Any], None]] = {}
        self.tasks = list(tasks)
        self.digests: Apart | InOnePiece
        self.digests, plain = digested(self.tasks)
        self._index: dict[bytes, int] = {}
        if len(set(self.digests)) < len(self.tasks):
            self._drop_repeated()
            plain = bytearray()
        self.listed = len(self.tasks)
        search = Search(self._add)
        if 0 in plain or not plain:
            for task, has_none in zip_longest(self.tasks, plain):  # it grows, by what was not in the list
                search.look_into(() if has_none else task.nested())
        else:
            search.have_none(len(plain))
        shared.forget()  # all digests are known
        self._index = {}  # 74 bytes a task, and mostly not needed any more
        self._dependencies = search.edges()
        self.task: Callable[[int], Task[Any]] = self.tasks.__getitem__
        self._count = len(self.tasks)
        self.callees, self.names, self.kinds = _names_of(self.tasks)
        self._dependents = self._dependencies.reversed()
        self._waiting_for = self._dependencies.counts()
        self._consumers = self._dependents.counts()
        self._states = bytearray(len(self._waiting_for))
        self._stuck_on = array("i", bytes(4 * len(self._states)))
        self.unfinished = self._count
        self.stuck = 0
        if search.looks_ahead:
            self._check_loops()

    def share(self) -> None:
        """Have whoever is forked from now on touch no task to run an equal one, and no digest to look at it."""
        if isinstance(self.digests, InOnePiece):
            return
        self.digests = InOnePiece(self.digests.data)
        if not hooks.registered:  # of one run each hook is to see the same task
            self.task = Calls(self.tasks, self.digests).task

    @property
    def index(self) -> dict[bytes, int]:
        """Where each digest is, for whoever asks for any; a worker asks shard by shard, in `Frontier`."""
        if not self._index:
            self._index = dict(zip(self.digests, range(len(self.tasks)), strict=True))
        return self._index

    def name(self, i: int) -> str:
        """Return the name of what `i` calls."""
        return self.names[self.kinds[i]]

    def count(self, indices: Iterable[int]) -> Counter[str]:
        """Return how many of `indices` there are of each name."""
        return Counter({self.names[kind]: count for kind, count in self.count_kinds(indices).items()})

    def count_kinds(self, indices: Iterable[int]) -> Counter[int]:
        """Return how many of `indices` there are of each kind."""
        if len(self.names) == 1 and isinstance(indices, Sized):
            return Counter({0: len(indices)})
        return Counter(map(self.kinds.__getitem__, indices))

    @property
    def edges(self) -> Edges:
        """What each task depends on directly, each once; not to be changed.

        An index from `len(tasks)` on stands for all that it leads to itself, which are tasks.
        """
        return self._dependencies

    def dependencies(self, i: int) -> Sequence[int]:
        """Return the tasks that `i` depends on directly, each once."""
        return self._unbundled(self._dependencies, i)

    def with_dependents(self, chosen: Iterable[int]) -> list[int]:
        """Return `chosen` and all that depends on them, directly or not, each once."""
        found = dict.fromkeys(chosen)
        waiting = list(found)
        while waiting:
            fresh = [other for other in self._dependents[waiting.pop()] if other not in found]
            found.update(dict.fromkeys(fresh))
            waiting += fresh
        return [node for node in found if node < self._count]

    def consumers(self, i: int) -> int:
        """Return how many unfinished tasks depend on `i` directly: with none, its value is not needed.

        Those that do so by a container which they share count as one.
        """
        return self._consumers[i]

    def needed_last(self, i: int) -> Sequence[int]:
        """Return the dependencies of `i`, which is unfinished, that no other unfinished task needs."""
        edges, consumers = self._dependencies, self._consumers
        start, end = edges.starts[i], edges.starts[i + 1]
        if start == end:  # here, and not by a call: each task asks
            return ()
        nodes = edges.targets[start:end]
        last = [node for node in nodes if consumers[node] <= 1]
        if not last or max(last) < self._count:
            return last
        inside = (self._dependencies[node] if node >= self._count else (node,) for node in last)
        return [task for tasks in inside for task in tasks if consumers[task] <= 1]

    def is_done(self, i: int) -> bool:
        """Tell whether `i` has a result."""
        return bool(self._states[i] & _DONE)

    def is_failed(self, i: int) -> bool:
        """Tell whether `i` itself failed."""
        return bool(self._states[i] & _FAILED)

    def listed_done(self) -> Iterator[int]:
        """Yield those of the list that have results, in order, while nothing changes."""
        return compress(range(self.listed), map(_DONE.__eq__, self._states))

    def lacking(self, indices: Sequence[int]) -> Iterator[int]:
        """Yield those of `indices` that have no result, while nothing changes."""
        return compress(indices, map(_DONE.__ne__, map(self._states.__getitem__, indices)))

    def lacks_listed(self) -> bool:
        """Tell whether any of the list has no result."""
        return self._states.count(_DONE, 0, self.listed) < self.listed

    def failed_listed(self) -> bool:
        """Tell whether any of the list itself failed."""
        return self._states.find(_FAILED, 0, self.listed) >= 0

    def is_stuck(self, i: int) -> bool:
        """Tell whether `i` has no result and can get none: it failed, or depends on one that is stuck."""
        return not self._states[i] & _DONE and bool(self._states[i] & _FAILED or self._stuck_on[i])

    def is_ready(self, i: int) -> bool:
        """Tell whether `i` has no result, did not fail, and all that it depends on is done."""
        return not self._states[i] and not self._waiting_for[i]

    def ready(self) -> list[int]:
        """Return all that are ready, in order. Costs a look at every task."""
        return list(self.each_ready())

    def each_ready(self) -> Iterator[int]:
        """Yield all that are ready, in order, while nothing changes: of a million, a list takes 40 MB."""
        return compress(range(self._count), map(not_, map(or_, self._states, self._waiting_for)))

    def all_are_ready(self) -> bool:
        """Tell whether none is done, failed, or waits for another."""
        return not any(map(or_, self._states, self._waiting_for))

    def done(self, i: int) -> list[int]:
        """Note that `i` has a result, and return the tasks that this made ready."""
        return self.all_done([i])

    def all_done(self, indices: Sequence[int]) -> list[int]:
        """Note that all of `indices` have results, and return the tasks that this made ready."""
        states, fresh = self._states, list(self.lacking(indices))
        for i in fresh:
            if self.stuck and self.is_stuck(i):
                self._set_state(i, _DONE)
            else:
                states[i] = _DONE
        self.unfinished -= len(fresh)
        if not self._dependencies.targets:
            return []
        self._let_go(fresh)
        return self._freed_by(fresh)

    def undone(self, i: int) -> list[int]:
        """Note that `i` has no result after all, and return the tasks that were ready and now wait for it."""
        if not self._states[i] & _DONE:
            return []
        self._set_state(i, 0)
        self.unfinished += 1
        reached = list(self._dependencies[i])
        for node in reached:
            if node >= self._count and not self._consumers[node]:
                reached += self._dependencies[node]
            self._consumers[node] += 1
        return self._held_by(i)

    def failed(self, i: int) -> None:
        """Note that `i` failed: it and all that depends on it is stuck. One that is done stays done."""
        if not self._states[i]:
            self._set_state(i, _FAILED)

    def unload(self, i: int) -> None:
        """Let go of the value that `i` keeps, and of those that equal tasks among others' arguments keep."""
        self.tasks[i].unload()
        for twin in self._twins.get(i, ()):
            twin.unload()

    def _let_go(self, indices: Iterable[int]) -> None:
        """Take note that what each of `indices` depends on is needed by one less."""
        consumers, edges, starts, count = self._consumers, self._dependencies, self._dependencies.starts, self._count
        for i in indices:
            if starts[i] < starts[i + 1]:
                reached = edges.targets[starts[i] : starts[i + 1]]
                for node in reached:  # which grows meanwhile, by the members of bundles
                    consumers[node] -= 1
                    if node >= count and not consumers[node]:
                        reached.extend(edges[node])

    def _freed_by(self, indices: Iterable[int]) -> list[int]:
        """Take note that the dependents of each wait for one thing less; return those that are ready now."""
        waiting, states, fresh = self._waiting_for, self._states, list[int]()
        edges, starts, count = self._dependents, self._dependents.starts, self._count
        for i in indices:
            if starts[i] < starts[i + 1]:
                reached = edges.targets[starts[i] : starts[i + 1]]
                for node in reached:
                    waiting[node] -= 1
                    if not waiting[node]:
                        if node >= count:
                            reached.extend(edges[node])
                        elif not states[node]:
                            fresh.append(node)
        return fresh

    def _held_by(self, i: int) -> list[int]:
        """Take note that the dependents of `i` wait for one thing more; return those that were ready."""
        waiting, states, held = self._waiting_for, self._states, list[int]()
        reached = list(self._dependents[i])
        for node in reached:
            if not waiting[node]:
                if node >= self._count:
                    reached += self._dependents[node]
                elif not states[node]:
                    held.append(node)
            waiting[node] += 1
        return held

    def _unbundled(self, edges: Edges, i: int) -> Sequence[int]:
        """Return the tasks that `i` leads to, directly or by a bundle."""
        nodes = edges[i]
        if max(nodes, default=-1) < self._count:
            return nodes
        return list(dict.fromkeys(t for node in nodes for t in ((node,) if node < self._count else edges[node])))

    def _set_state(self, i: int, state: int) -> None:
        before = self.is_stuck(i)
        self._states[i] = state
        if self.is_stuck(i) != before:
            self._spread(i)

    def _spread(self, first: int) -> None:
        """Take note that `first` became stuck or unstuck, and of all that follows from it."""
        changed = [first]
        while changed:
            i = changed.pop()
            change = 1 if self.is_stuck(i) else -1
            self.stuck += change if i < self._count else 0
            for dependent in self._dependents[i]:
                before = self.is_stuck(dependent)
                self._stuck_on[dependent] += change
                if self.is_stuck(dependent) != before:
                    changed.append(dependent)

    def _drop_repeated(self) -> None:
        tasks, self.tasks, self.digests, self._index = self.tasks, [], Apart(), {}
        for task in tasks:
            self._add(task)

    def _add(self, task: Task[Any]) -> int:
        index, digest = self._index or self.index, task._digest or task.digest  # mostly both are known
        known = index.get(digest)
        if known is None:
            known = index[digest] = len(self.tasks)
            self.tasks.append(task)
            assert isinstance(self.digests, Apart)
            self.digests.append(digest)
        elif self.tasks[known] is not task:
            self._twins.setdefault(known, {})[task] = None
        return known

    def _check_loops(self) -> None:
        """Raise UsageError if a task depends on itself, which takes a list that was changed afterwards."""
        waiting = self._waiting_for[:]
        ready = [i for i, count in enumerate(waiting) if not count]
        for i in ready:  # which grows meanwhile
            for dependent in self._dependents[i]:
                waiting[dependent] -= 1
                if not waiting[dependent]:
                    ready.append(dependent)
        if len(ready) < len(waiting):
            task = next(self.tasks[i] for i, count in enumerate(waiting) if count)
            raise UsageError(f"A task {task.name} depends on itself: its arguments were changed after the call.")


def _names_of(tasks: Sequence[Task[Any]]) -> tuple[list[Callee], list[str], array[int]]:
    """Return what the tasks call, the names of that, and which of them each task has."""
    callees = [task.callee for task in tasks]
    numbers: dict[str, int] = {}
    by_callee = {callee: numbers.setdefault(callee.name, len(numbers)) for callee in dict.fromkeys(callees)}
    return list(by_callee), list(numbers), array("I", map(by_callee.__getitem__, callees))
