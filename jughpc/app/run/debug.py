"""Run one task here, for somebody who watches."""

from __future__ import annotations

import sys
from collections.abc import Callable

from jughpc.app.context import session as sessions
from jughpc.app.context.site import Site
from jughpc.app.run.execute import execute
from jughpc.app.run.part import Outcome
from jughpc.app.run.selection import Chosen
from jughpc.errors import UsageError
from jughpc.store.base import SHARD, Inspection, Store
from jughpc.store.record import Record
from jughpc.tasks import brief
from jughpc.tasks.graph import Graph
from jughpc.tasks.meaning import meant
from jughpc.worker.element import Place
from jughpc.worker.tally import Options

_TOLD = 5  # tasks


def run_one(site: Site, text: str, examine: Callable[[BaseException], None]) -> Outcome:
    """Run the task that `text` means as a worker by hand does, whatever it did to others.

    Args:
        examine: Called with what it raises, before that is recorded.
    Raises:
        UsageError: It means none, or several; or that one is done, run by a live worker, or needs what is not done.
    """
    digest = site.apart(lambda: _found(site, text))  # apart: or modules that change would be loaded once for all
    options = Options(retry_failed=True, max_crashes=sys.maxsize, examine=examine)
    return execute(site, Place(), options, Chosen(digest=digest))


def _found(site: Site, text: str) -> bytes:
    session = sessions.peek(site)
    graph = Graph(session.jugfile.tasks)
    found = meant(text, graph.tasks, graph.digests)
    calls = [f"{_call(graph, index)} {graph.digests[index].hex()[:8]}" for index in found[:_TOLD]]
    if len(found) > 1:
        more = f", and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        raise UsageError(f"{len(found)} tasks are called {text}; say which: {', '.join(calls)}{more}.")
    _refuse(session.store, graph, found[0], calls[0])
    return graph.digests[found[0]]


def _refuse(store: Store, graph: Graph, index: int, call: str) -> None:
    """Raise UsageError if the task cannot, or must not, be run here and now."""
    known = store.inspect(graph.digests[index])
    if known.done:
        name = graph.tasks[index].name
        raise UsageError(f"{call} is done; `jughpc invalidate --name {name}` has all of that name computed again.")
    if holder := _live(store, known, graph.digests[index]):
        where = f"on {holder.host} ({holder.owner or 'by hand'})"
        raise UsageError(f"{call} is being run by {holder.life} {where}; wait for that, or end it.")
    needed = list(graph.dependencies(index))
    missing = store.missing(graph.digests[one] for one in needed)
    if undone := [_call(graph, one) for one in needed if graph.digests[one] in missing]:
        raise UsageError(f"{call} needs {len(undone)} tasks that are not done, {undone[0]} first: debug that one.")


def _live(store: Store, known: Inspection, digest: bytes) -> Record | None:
    """Return the record of who runs a task, None if nobody does, or is known to be dead."""
    observer = store.observer()
    for claim, holder in known.claims:
        if holder is None or (claim.key == SHARD and holder.digest != digest.hex()):
            continue
        if not observer.proof(claim.shard, claim.key, claim.generation):
            return holder
    return None


def _call(graph: Graph, index: int) -> str:
    task = graph.tasks[index]
    return brief.call(task.name, task.args, task.kwargs)
