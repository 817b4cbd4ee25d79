"""Faults of jug's by which work is left undone, or takes too long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from jughpc.app.context.jugstore import NamedStore
from jughpc.app.jugapi.inline import run_tasks
from jughpc.store.base import View
from jughpc.store.location import Memory
from jughpc.store.memory import MemoryStore
from jughpc.tasks.task import Task, alltasks

Jughpc = Callable[..., CompletedProcess[str]]

MANY = """
from jug import TaskGenerator

@TaskGenerator
def fail(x):
    raise ValueError(x)

@TaskGenerator
def after(x, i):
    return i

bad = fail(1)
rest = [after(bad, i) for i in range(500)]
"""

CHAIN = """
from jug import TaskGenerator

@TaskGenerator
def add_one(x):
    return x + 1

last = 0
for _ in range(3000):
    last = add_one(last)
"""


def test_a_worker_that_a_stop_file_ends_does_not_say_that_all_is_done(jughpc: Jughpc, folder: Path) -> None:
    (folder / "many.py").write_text(MANY)
    (folder / "__jug_please_stop_running.txt").touch()
    assert jughpc("execute", "many.py").returncode == 3


def test_only_failures_left_is_not_all_done(jughpc: Jughpc, folder: Path) -> None:
    (folder / "many.py").write_text(MANY)
    for options in (["--keep-going"], ["--keep-going", "--keep-failed"]):
        assert jughpc("execute", "many.py", *options).returncode == 1


def test_a_failure_is_told_without_a_line_for_each_dependent(jughpc: Jughpc, folder: Path) -> None:
    (folder / "many.py").write_text(MANY)
    done = jughpc("execute", "many.py", "--keep-going")
    assert ("many.fail(1) failed" in done.stderr, "many.after" in done.stderr) == (True, False)
    assert len(done.stderr.splitlines()) < 20


def test_a_chain_of_thousands_is_no_matter_of_recursion(jughpc: Jughpc, folder: Path) -> None:
    (folder / "chain.py").write_text(CHAIN)
    at = ("chain.py", "--jugdir", "dict_store:kept")
    assert jughpc("check", *at).returncode == 1
    assert "Executed:  3000 tasks" in jughpc("execute", *at, "--short").stdout
    for command in ("check", "sleep-until", "status"):
        assert jughpc(command, *at).returncode == 0
    (folder / "reduce.py").write_text("print(value(last))")
    assert jughpc("reduce", *at, "--script", "reduce.py").stdout == "3000\n"


class Looking(MemoryStore):
    """Counts how often it is looked into."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def look(self, shard: int) -> View:
        self.looks += 1
        return super().look(shard)


def half(x: int) -> int:
    return x // 2


@pytest.fixture
def _no_tasks_after() -> Iterator[None]:
    yield
    alltasks.clear()
    Task.store = None


@pytest.mark.usefixtures("_no_tasks_after")
def test_twice_the_tasks_in_the_worst_order_take_twice_the_looks_not_four_times() -> None:
    def looks(count: int) -> int:
        tasks = [Task(half, 1)]
        for _ in range(count):
            tasks.append(Task(half, tasks[-1]))
        store = Looking()
        Task.store = NamedStore(Memory(), store)
        run_tasks(reversed(tasks), keep_going=False, retry_failed=True, debug=False, say=str)
        assert tasks[-1].can_load()
        return store.looks

    assert looks(800) <= 3 * looks(400)
