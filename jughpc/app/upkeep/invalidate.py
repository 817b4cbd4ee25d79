"""Remove the results of chosen tasks and of all that depends on them, beside live workers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from jughpc.app.context import session as sessions
from jughpc.app.context import sources
from jughpc.app.context.site import Site
from jughpc.app.run.selection import nobody_chosen
from jughpc.app.status import followers
from jughpc.app.upkeep.exclusive import holding
from jughpc.fs import Clock
from jughpc.store.base import Store
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


def invalidate(site: Site, matches: Callable[[str], bool], patience: float) -> Invalidated:
    """Remove the results and failures of the tasks whose name `matches`, and of all that depends on them.

    Raises:
        UsageError: There is no such task, and no more will come.
        BusyError: Live workers run some of them, for longer than `patience` [s]; nothing is removed.
    """
    with site.leasing() as lease:
        session = sessions.peek(site)
        graph = Graph(session.jugfile.tasks)
        chosen = [index for index, task in enumerate(graph.tasks) if matches(task.name)]
        if not chosen and not session.jugfile.barrier:
            raise nobody_chosen(session.jugfile)
        if not chosen or session.is_new:
            return Invalidated(len(chosen), Counter())
        lease.begin(session.store)
        gone = remove_with_dependents(session.store, lease.record.life, graph, chosen, site.clock, patience)
        _forget_sources(site, graph, gone)
        if gone and (files := site.files) is not None:
            followers.unmark_reduced(files, site.location.folder())
        sessions.close(session)
        return Invalidated(len(chosen), Counter(graph.tasks[graph.index[digest]].name for digest in gone))


def _forget_sources(site: Site, graph: Graph, gone: set[bytes]) -> None:
    removed: defaultdict[str, list[bytes]] = defaultdict(list)
    for digest in gone:
        removed[graph.tasks[graph.index[digest]].name].append(digest)
    if (files := site.files) is not None:
        sources.forget(files, removed)


def remove_with_dependents(
    store: Store, life: str, graph: Graph, chosen: list[int], clock: Clock, patience: float
) -> set[bytes]:
    """Remove the results and failures of `chosen` and of all that depends on them; return which results there were.

    Args:
        life: In whose name the tasks are held meanwhile.
    Raises:
        BusyError: Live workers run some of them, for longer than `patience` [s]; nothing is removed.
    """
    digests = [graph.digests[index] for index in graph.with_dependents(chosen)]
    with holding(store, life, digests, clock, patience):
        there = set(digests) - store.missing(digests)
        store.remove(digests)
        store.forget_deaths(digests)
    return there
