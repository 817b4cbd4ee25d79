"""Remove the results of chosen tasks and of all that depends on them, beside live workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from jughpc.app import session as sessions
from jughpc.app.hold import holding
from jughpc.app.lives import living
from jughpc.app.recent import Target
from jughpc.fs import Clock
from jughpc.tasks.graph import Graph


@dataclass(frozen=True)
class Invalidated:
    """What was done.

    Attributes:
        chosen: How many tasks matched.
        removed: Results that were removed, by task name.
    """

    chosen: int
    removed: Counter[str]


def invalidate(target: Target, matches: Callable[[str], bool], clock: Clock, patience: float) -> Invalidated:
    """Remove the results and failures of the tasks whose name `matches`, and of all that depends on them.

    Raises:
        BusyError: Live workers run some of them, for longer than `patience` [s]; nothing is removed.
    """
    with living(target.jugdir, clock) as life:
        session = sessions.peek(target)
        graph = Graph(session.jugfile.tasks)
        chosen = [index for index, task in enumerate(graph.tasks) if matches(task.name)]
        doomed = _with_dependents(graph, chosen)
        if not doomed or session.is_new:
            return Invalidated(len(chosen), Counter())
        life.begin(session.store)
        digests = [graph.digests[index] for index in doomed]
        with holding(session.store, life.record.life, digests, clock, patience):
            there = set(digests) - session.store.missing(digests)
            session.store.remove(digests)
        sessions.close(session)
        return Invalidated(len(chosen), Counter(graph.tasks[graph.index[digest]].name for digest in there))


def _with_dependents(graph: Graph, chosen: list[int]) -> list[int]:
    """Return `chosen` and all that depends on them."""
    found = dict.fromkeys(chosen)
    waiting = list(chosen)
    while waiting:
        fresh = [other for other in graph.dependents(waiting.pop()) if other not in found]
        found.update(dict.fromkeys(fresh))
        waiting += fresh
    return list(found)
