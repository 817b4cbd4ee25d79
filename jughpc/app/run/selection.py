"""Run only those tasks of a jugfile that were chosen, mostly by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from jughpc.config.asks import Rule
from jughpc.errors import UsageError
from jughpc.store.base import Store
from jughpc.tasks.callee import Callee
from jughpc.tasks.classes import asked_for
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import Jugfile
from jughpc.tasks.matching import Matcher
from jughpc.tasks.task import Task
from jughpc.worker.places import Places

_MOST = 3  # names told


@dataclass(frozen=True)
class Chosen:
    """Tells which tasks are to be run.

    Attributes:
        matches: By the name of their function, None for any.
        only: By the class that this is of, None for any.
        share: Of which other classes tasks are run, once none of that class can be.
        rules: What functions ask for, besides their decorators.
        digests: By the beginning of its digest, all of one length; () for any.
        digest: By itself, None for any.
    """

    matches: Matcher | None = None
    only: str | None = None
    share: Collection[str] = ()
    rules: Sequence[Rule] = ()
    digests: Collection[str] = ()
    digest: bytes | None = None

    def among(self, whole: Graph, *, shares: bool = False) -> list[Task[Any]]:
        """Return those of a graph's tasks that are to be run.

        Args:
            shares: Whether those of other classes are, too.
        """
        callees = {callee for callee in whole.callees if self._takes(callee, shares)}
        tasks = whole.tasks if len(callees) == len(whole.callees) else [t for t in whole.tasks if t.callee in callees]
        if self.digests:
            letters = len(next(iter(self.digests)))
            tasks = [task for task in tasks if task.digest.hex()[:letters] in self.digests]
        return tasks if self.digest is None else [task for task in tasks if task.digest == self.digest]

    def _takes(self, callee: Callee, shares: bool) -> bool:
        is_named = self.matches is None or self.matches(callee.name)
        others = self.share if shares else ()
        return is_named and (self.only is None or self._class_of(callee) in {self.only, *others})

    def nobody(self, jugfile: Jugfile) -> UsageError:
        """Return what to raise where none of a jugfile's tasks is."""
        if self.only is None:
            return nobody_chosen(jugfile)
        classes = Counter(self._class_of(task.callee) for task in jugfile.tasks)
        return UsageError(f"no task of {jugfile.path.name} is of the class {self.only}; there are {_told(classes)}.")

    def _class_of(self, callee: Callee) -> str:
        return str(asked_for(callee.name, callee.asks, self.rules))


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
        self.store, self._whole, self._wider = store, whole, chosen if chosen and chosen.share else None
        tasks = chosen.among(whole) if chosen else whole.tasks
        if chosen and not tasks and not jugfile.barrier and (chosen.matches or len(whole.tasks)):
            raise chosen.nobody(jugfile)
        self._take(tasks)

    def is_over(self) -> bool:
        """Return whether a part of the tasks was chosen, and each of these is done or failed."""
        graph = self.graph
        return graph is not self._whole and all(
            graph.is_done(index) or graph.is_failed(index) for index in range(graph.listed)
        )

    def widen(self) -> bool:
        """Choose tasks of other classes, too, if that is allowed and was not done; return whether any came to it."""
        if self._wider is None:
            return False
        tasks, self._wider = self._wider.among(self._whole, shares=True), None
        if len(tasks) == self.graph.listed:
            return False
        self._take(tasks)
        return True

    def _take(self, tasks: list[Task[Any]]) -> None:
        is_all = len(tasks) == len(self._whole.tasks)
        self.graph = self._whole if is_all else Graph(tasks)
        self._places: Places | None = None
        self._others = range(0) if is_all else range(self.graph.listed, len(self.graph.tasks))
        for index in self._others:
            self.graph.failed(index)
        self.look()

    def places(self) -> Places:
        """Return where the tasks lie: found once, for who is forked then has it already."""
        if self._places is None:
            self._places = Places.of(self.graph, self.store.shard_of)
        return self._places

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
