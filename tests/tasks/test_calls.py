"""Equal tasks, made of what forked workers have in common."""

from __future__ import annotations

import enum
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.tasks import hooks
from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task, alltasks


class Colour(enum.IntEnum):
    RED = 1


def f(*args: Any, **kwargs: Any) -> list[Any]:
    return [args, kwargs]


def shared(*tasks: Task[Any]) -> Graph:
    alltasks.clear()
    graph = Graph(tasks)
    graph.share()
    return graph


PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.complex_numbers(allow_nan=False),
    st.text(st.characters(), max_size=9), st.binary(max_size=9), st.just(...),
)  # fmt: skip


@given(st.lists(PLAIN, max_size=4), st.dictionaries(st.sampled_from("abc"), PLAIN, max_size=2))
def test_a_task_with_plain_arguments_is_made_anew_and_is_the_same_call(args: list[Any], kwargs: dict[str, Any]) -> None:
    task = Task(f, *args, **kwargs)
    made = shared(Task(max, 1, 2), task).task(1)
    assert made is not task
    assert (made.digest, made.name) == (task.digest, task.name)
    assert made.compute() == task.compute()
    assert repr(made) == repr(task), "a number of another type may be equal"
    assert not alltasks


@pytest.mark.parametrize(
    "argument",
    [bytearray(b"x"), range(3), [1], (1,), {}, Colour.RED, "x" * 300, Task(f)],
    ids=lambda one: f"{one!s:.9}",
)
@pytest.mark.parametrize("is_by_name", [False, True])
def test_a_task_with_others_is_itself(argument: Any, is_by_name: bool) -> None:
    task = Task(f, one=argument) if is_by_name else Task(f, argument)
    assert shared(task).task(0) is task


def test_where_nothing_is_shared_each_task_is_itself() -> None:
    task = Task(f, 1)
    assert Graph([task]).task(0) is task


def test_hooks_see_the_tasks_themselves() -> None:
    hooks.register_hook(hooks.TASK_EXECUTED, print)
    task = Task(f, 1)
    try:
        assert shared(task).task(0) is task
    finally:
        hooks.reset_all_hooks()


PRIVATE = """
import gc, os
from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task, alltasks
def dirty():
    with open("/proc/self/smaps_rollup") as told:
        return next(int(line.split()[1]) for line in told if line.startswith("Private_Dirty"))  # KiB
def double(x):
    return 2 * x
graph = Graph([Task(double, i) for i in range(1000, 101_000)])
graph.share()
gc.freeze()
def private(task):
    if pid := os.fork():
        return os.waitpid(pid, 0)
    before = dirty()
    for i in range(0, 100_000, 4):
        assert task(i).compute() == 2 * (i + 1000) and graph.digests[i]
    print(dirty() - before, flush=True)
    os._exit(0)
private(graph.tasks.__getitem__)
private(graph.task)
"""


@pytest.mark.local
def test_a_fork_that_runs_a_quarter_of_all_tasks_copies_next_to_no_memory() -> None:
    told = subprocess.run([sys.executable, "-c", PRIVATE], check=True, capture_output=True, text=True).stdout
    by_itself, in_common = map(int, told.split())
    assert in_common < by_itself / 10
