"""What lives measured of tasks that are gone: nobody wants to know it any more."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from jughpc.app.status.measured import every
from jughpc.store.base import Store
from jughpc.store.measures import SHORTENED, Columns
from jughpc.tasks.graph import Graph


def unneeded(store: Store, graph: Graph, living: Collection[str]) -> list[str]:
    """Return the lives that are over and measured nothing of what there is now.

    That is, if all that one ran was told one by one: no task that has a result, or a failure, which no later life ran
    again. Else: no function of the jugfile's tasks. What is damaged tells nothing.

    Args:
        graph: All tasks of the jugfile.
        living: The lives that may go on.
    """
    found = {one.summary.life: one for one in every(store)}
    functions, there = {task.name for task in graph.tasks}, _there(store, graph)
    gone = [life for life in store.measured() if life not in found and life not in living]
    for one in reversed(found.values()):  # the latest first
        ran = set(_ran(one))
        if one.summary.life not in living and not _is_needed(one, ran, functions, there):
            gone.append(one.summary.life)
        there -= ran
    return gone


def _is_needed(one: Columns, ran: set[str], functions: set[str], there: set[str]) -> bool:
    is_all_told = len(ran) == sum(sums.count for sums in one.summary.functions.values())
    return not ran.isdisjoint(there) if is_all_told else not functions.isdisjoint(one.names)


def _ran(one: Columns) -> Iterator[str]:
    return (one.digest(place) for place in range(one.tasks.shape[1]))


def _there(store: Store, graph: Graph) -> set[str]:
    """Return the beginnings of the digests of the tasks that are done or failed."""
    digests = set(graph.digests)
    failed = {digest for shard in store.shards_in_use() for digest in store.look(shard).failed}
    ended = (digests - store.missing(digests)) | (digests & failed)
    return {digest.hex()[:SHORTENED] for digest in ended}
