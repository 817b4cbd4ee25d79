"""The real worker on simulated ports: its tasks let simulated time go by."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from jughpc.tasks import running
from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task, alltasks
from jughpc.testing.ground import Ground
from jughpc.testing.hosts import Process
from jughpc.testing.plan import MOST_DEATHS, SimTask
from jughpc.worker.loop import Worker
from jughpc.worker.policy import Policy
from jughpc.worker.stops import Stops
from jughpc.worker.tally import Options

_worlds: list[Ground] = []
"""The world that is played, last; tasks are plain functions and must find it."""


class RealWorker:
    """Works as `jughpc execute` does; but where no task is deadly none is given up, whoever dies."""

    def __init__(self, world: Ground, process: Process) -> None:
        hosts = world.plan.hosts
        crashes = MOST_DEATHS if world.plan.deadly else sys.maxsize
        options = Options(keep_going=True, max_crashes=crashes, start=(process.pid % len(hosts)) / len(hosts))
        self._worker = Worker(
            _graph(world), process.store, process.lease, process.host.clock, Stops(),
            Policy(workers=len(hosts)), options, world.trace,
        )  # fmt: skip

    def run(self) -> None:
        """Work."""
        self._worker.run()


@contextmanager
def playing(world: Ground) -> Iterator[None]:
    """Let all tasks that run in the block run in `world`."""
    _worlds.append(world)
    store, Task.store = Task.store, cast(Any, _CallersStore(world))
    state, aid, task = random.getstate(), running.aid, running.task
    random.seed(world.plan.seed)  # of the worker's pauses
    try:
        yield
    finally:
        running.aid, running.task = aid, task  # those that were killed leave theirs
        random.setstate(state)
        Task.store = store
        _worlds.pop()


class _CallersStore:
    """The results as the process sees them whose turn it is."""

    def __init__(self, world: Ground) -> None:
        self._world = world

    def get(self, digest: bytes) -> object:
        """Return a result; see base.Store."""
        return self._world.caller().store.get(digest)

    def assure(self) -> None:
        """Wait until what was read is known to be whole; see base.Store."""
        self._world.caller().store.assure()


def _graph(world: Ground) -> Graph:
    """Return the plan's tasks as a worker of its own sees them."""
    before = len(alltasks)
    tasks: dict[SimTask, Task[Any]] = {}
    for task in world.plan.tasks:
        function = _long if task.seconds >= 1.0 and not world.plan.alike else _short
        tasks[task] = Task(function, task.digest, *(tasks[need] for need in task.needs))
        tasks[task]._digest = task.digest  # by which the plan spreads them over shards
    del alltasks[before:]  # the list is one for all workers here, and is watched for tasks that tasks make
    return Graph(tasks.values())


def _short(digest: bytes, *values: Any) -> object:
    return _run(digest, values)


def _long(digest: bytes, *values: Any) -> object:
    return _run(digest, values)


def _run(digest: bytes, values: tuple[Any, ...]) -> object:
    world = _worlds[-1]
    return world.run_task(world.caller(), world.tasks[digest], list(values))
