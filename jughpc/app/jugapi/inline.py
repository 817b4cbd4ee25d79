"""Run tasks within a script, in the name of a life of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from jughpc.app.context.jugstore import NamedStore
from jughpc.app.context.lease import new_lease, until_the_end
from jughpc.errors import JugdirError
from jughpc.fs import OsClock
from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task, chosen_store
from jughpc.worker.loop import Worker
from jughpc.worker.policy import Policy
from jughpc.worker.stops import Stops
from jughpc.worker.tally import Options

Tasks = Iterable[Task[Any]]


def run_tasks(
    tasks: Tasks, *, keep_going: bool, retry_failed: bool, debug: bool, say: Callable[[str], None]
) -> tuple[set[Task[Any]], list[Task[Any]]]:
    """Run tasks and all they need in the store that was chosen, beside any other workers.

    Args:
        keep_going: Run what can be run after a task failed; else raise what it raised.
        retry_failed: Run tasks again that failed before.
        debug: Fail tasks that change their arguments or make tasks.
        say: Takes a line on what is done.

    Returns:
        The tasks that failed, and those that have no result now, these among them.
    """
    store, clock, raised = _store(), OsClock(), list[BaseException]()
    options = Options(keep_going, retry_failed, debug=debug, examine=None if keep_going else raised.append)
    graph = Graph(tasks)
    with until_the_end(new_lease(store.location, clock)) as lease:
        lease.begin(store.results)
        Worker(graph, store.results, lease, clock, Stops(), Policy(), options, say).run()
    if raised:
        raise raised[0]
    failed = {task for index, task in enumerate(graph.tasks) if graph.is_failed(index)}
    return failed, [task for index, task in enumerate(graph.tasks[: graph.listed]) if not graph.is_done(index)]


def _store() -> NamedStore:
    store = chosen_store()
    if isinstance(store, NamedStore):
        return store
    raise JugdirError(
        f"a {type(store).__name__} has no claims, so no worker can use it: run its tasks with task.run(), or choose "
        "another store with jughpc.set_jugdir"
    )
