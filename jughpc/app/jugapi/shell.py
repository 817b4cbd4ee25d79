"""The names that a shell begins with: the jugfile's own, and a few to look at results."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jughpc.app.context import session as sessions
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.upkeep.invalidate import remove_with_dependents
from jughpc.errors import StoreError
from jughpc.store.lease.lease import Lease
from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import value

WELCOME = """\
The names of the jugfile are here, and:
  value(task)                        its result, also for lists and dicts of tasks
  load_all()                         put the results in the place of the jugfile's tasks
  get_tasks()                        all tasks
  get_filtered_tasks(loadable, failed, available)
                                     those with a result, that failed, that could run now
  invalidate(task)                   remove its result and all that depends on it
"""

_PATIENCE = 20.0  # [s] that live workers are waited for


def names(site: Site, lease: Lease) -> dict[str, Any]:
    """Return the names of the jugfile and the functions of WELCOME.

    Args:
        lease: In whose name results are removed; it has not begun.
    """
    session = sessions.peek(site)
    shell = _Shell(session, lease)
    space = {key: thing for key, thing in session.jugfile.space.items() if not key.startswith("__")}
    functions: dict[str, Callable[..., Any]] = {
        "value": value,
        "load_all": shell.load_all,
        "get_tasks": shell.get_tasks,
        "get_filtered_tasks": shell.get_filtered_tasks,
        "invalidate": shell.invalidate,
    }
    shell.space = {**space, **functions}
    return shell.space


class _Shell:
    """What the functions of a shell share."""

    def __init__(self, session: Session, lease: Lease) -> None:
        self._session, self._lease, self._clock = session, lease, session.site.clock
        self._graph = Graph(session.jugfile.tasks)
        self.space: dict[str, Any] = {}
        self._has_begun = False

    def load_all(self) -> None:
        """Put results in the place of the jugfile's tasks, as far as they are there."""
        for name in self._session.jugfile.space.keys() & self.space.keys():
            with suppress(StoreError):
                self.space[name] = value(self.space[name])

    def get_tasks(self) -> list[Task[Any]]:
        """Return all tasks."""
        return list(self._graph.tasks)

    def get_filtered_tasks(
        self, loadable: bool = False, failed: bool = False, available: bool = False
    ) -> list[Task[Any]]:
        """Return the tasks that have a result, that failed, or that could run now; without loading any."""
        store, graph = self._session.store, self._graph
        missing = store.missing(graph.digests)
        broken = {digest for shard in set(map(store.shard_of, missing)) for digest in store.look(shard).failed}

        def is_meant(index: int) -> bool:
            digest = graph.digests[index]
            if digest not in missing:
                return loadable
            if digest in broken:
                return failed
            return available and all(graph.digests[other] not in missing for other in graph.dependencies(index))

        return [task for index, task in enumerate(graph.tasks) if is_meant(index)]

    def invalidate(self, task: Task[Any]) -> int:
        """Remove the result of `task` and of all that depends on it; return how many there were."""
        if self._session.is_new:
            return 0
        if not self._has_begun:
            self._lease.begin(self._session.store)
            self._has_begun = True
        chosen = [self._graph.index[task.digest]]
        life = self._lease.record.life
        gone = remove_with_dependents(self._session.store, life, self._graph, chosen, self._clock, _PATIENCE)
        sessions.close(self._session)
        for digest in gone:
            self._graph.tasks[self._graph.index[digest]].unload()
        return len(gone)
