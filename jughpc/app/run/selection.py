"""Run only those tasks of a jugfile that were chosen, mostly by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from jughpc.errors import UsageError
from jughpc.store.base import Store
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import Jugfile
from jughpc.tasks.matching import Matcher
from jughpc.tasks.task import Task

Chosen = Callable[[Task[Any]], bool]
"""Tells whether a task is to be run."""

_MOST = 3  # names told


def by_task(matches: Matcher | None) -> Chosen | None:
    """Return what tells it of a task that a matcher tells of its name; None chooses all."""
    return None if matches is None else lambda task: matches(task.name)


class Choice:
    """The tasks of one load that are to be run here, and what they need besides.

    Args:
        whole: All of them.
        chosen: None for all of them.

    Attributes:
        store: Where results of others are looked for.
        graph: The chosen tasks, then what they need. Nobody runs the latter here: what has no result is as good as
            failed, until somebody else brings one.
    Raises:
        UsageError: No task was chosen, and no more will come.
    """

    def __init__(self, jugfile: Jugfile, whole: Graph, store: Store, chosen: Chosen | None) -> None:
        self.store = store
        self.graph = whole if chosen is None else Graph(task for task in jugfile.tasks if chosen(task))
        self._others = range(0) if chosen is None else range(self.graph.listed, len(self.graph.tasks))
        if chosen and not self.graph.listed and not jugfile.barrier:
            raise nobody_chosen(jugfile)
        for index in self._others:
            self.graph.failed(index)
        self.look()

    def look(self) -> bool:
        """Take note of what others brought by now; return whether a chosen task became ready by that."""
        graph, left = self.graph, self._left()
        missing = self.store.missing(graph.digests[index] for index in left)
        return bool([ready for i in left if graph.digests[i] not in missing for ready in graph.done(i)])

    def words(self) -> str:
        """Say which chosen tasks wait for what was not chosen, "" if none does."""
        waiting = [i for i in self.graph.with_dependents(self._left()) if i < self.graph.listed]
        if not waiting:
            return ""
        needed = _told(Counter(self.graph.tasks[index].name for index in self._left()))
        return f"{len(waiting)} of the chosen tasks wait for others that were not chosen: {needed}"

    def _left(self) -> list[int]:
        return [index for index in self._others if not self.graph.is_done(index)]


def nobody_chosen(jugfile: Jugfile) -> UsageError:
    """Return what to raise where no task of a jugfile has such a name."""
    names = _told(Counter(task.name for task in jugfile.tasks))
    return UsageError(f"no task of {jugfile.path.name} was chosen; there are {names or 'none'}.")


def _told(names: Counter[str]) -> str:
    told = [f"{name} ({count})" for name, count in names.most_common(_MOST)]
    return ", ".join([*told, "..."] if len(names) > _MOST else told)
