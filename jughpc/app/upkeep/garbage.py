"""Remove what no task of the jugfile needs any more: results and failures of tasks that are gone from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jughpc.app.context import session as sessions
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.status.failures import make_ready
from jughpc.app.upkeep.exclusive import holding
from jughpc.app.upkeep.leftovers import Tidied, tidy
from jughpc.batch.clusters import Clusters
from jughpc.errors import UsageError
from jughpc.store.base import Store
from jughpc.tasks.graph import Graph


@dataclass(frozen=True)
class Removed:
    """What was removed.

    Attributes:
        results: How many results of no visible task.
        leftovers: What else nobody reads any more, None in a store that was not made yet.
    """

    results: int
    leftovers: Tidied | None = None


def remove_garbage(site: Site, clusters: Clusters, patience: float) -> Removed:
    """Remove the results, failures and deaths of no visible task, and what else nobody reads any more.

    Raises:
        UsageError: Not all tasks are visible: the jugfile ended at a barrier, or defines none.
        BusyError: Live workers run some of these tasks, for longer than `patience` [s]; nothing is removed.
    """
    with site.leasing() as lease:
        session = sessions.peek(site)
        _check(session)
        if session.is_new:
            return Removed(0)
        graph = Graph(session.jugfile.tasks)
        garbage = set(_stored(session.store)) - set(graph.digests)
        lease.begin(session.store)
        with holding(session.store, lease.record.life, garbage, site.clock, patience):
            removed = session.store.remove(garbage)
            session.store.forget_deaths(garbage)
        sessions.close(session)
        store, own = session.store, lease.record.life
        return Removed(removed, tidy(site, clusters, store, graph, own))


def forget_failures(site: Site) -> int:
    """Make all failed tasks ready again, visible or not; return how many there were."""
    store = site.store()
    if store is None:
        return 0
    failed = [digest for shard in store.shards_in_use() for digest in store.look(shard).failed]
    return make_ready(store, failed)


def _check(session: Session) -> None:
    jugfile = session.target.jugfile
    if session.jugfile.barrier:
        raise UsageError(
            f"{jugfile} ended at a barrier, so the tasks behind it are not known, and their results would be "
            f"taken for garbage. Run `jughpc execute {jugfile}` first, or clean up --locks-only."
        )
    if not session.jugfile.tasks:
        raise UsageError(f"{jugfile} defines no task, so that all results would be garbage. Is it the right one?")


def _stored(store: Store) -> Iterable[bytes]:
    for shard in store.shards_in_use():
        view = store.look(shard)
        yield from view.done | view.failed | view.deaths.keys()
    yield from store.checkpoints.there() if store.checkpoints else ()
