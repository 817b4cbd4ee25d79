"""Tasks can be put in words and in order."""

from __future__ import annotations

from typing import Any

import pytest

from jughpc.library.describe import describe, recursive_dependencies, topological_sort
from jughpc.tasks.task import Task
from tests.tasks.conftest import Memory

DEEP = 100_000
NAME = f"{__name__}.f"


def f(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


def chain(n: int) -> list[Task[Any]]:
    tasks = [Task(f, 0)]
    for _ in range(n - 1):
        tasks.append(Task(f, tasks[-1]))
    return tasks


def test_a_description_tells_name_arguments_and_whether_there_is_a_result(memory: Memory) -> None:
    inner = Task(f, 1)
    inner.run()
    outer = Task(f, {"k": (inner,)}, b=inner[0])
    described = {"name": NAME, "args": [1], "meta": {"computed": True}}
    expected = {"args": [{"k": (described,)}], "kwargs": {"b": described}, "meta": {"computed": False}}
    assert describe(outer) == {"name": NAME, **expected}
    assert describe([inner, 2]) == [described, 2]


def test_a_task_without_arguments_is_described_without(memory: Memory) -> None:
    assert describe(Task(f)) == {"name": NAME, "meta": {"computed": False}}


def test_a_description_costs_one_look(memory: Memory) -> None:
    describe(chain(5)[-1])
    assert memory.looks == 1


def test_a_store_may_know_more(memory: Memory) -> None:
    class Knowing(Memory):
        def metadata(self, task: Task[Any]) -> dict[str, Any]:
            return {"computed": True, "completed": f"{task.name} on Sunday"}

    Task.store = store = Knowing()
    task = Task(f, 1)
    assert describe(task)["meta"] == {"computed": False}
    store.put(task.digest, 1)
    assert describe(task)["meta"]["completed"] == f"{NAME} on Sunday"


def test_all_dependencies_are_listed_once() -> None:
    top = Task(f, "top")
    left, right = Task(f, top), Task(f, [top])
    assert recursive_dependencies(Task(f, left, right, left)) == [left, right, top]


def test_dependencies_are_listed_down_to_a_level() -> None:
    first, second, third, fourth = chain(4)
    assert recursive_dependencies(fourth, 1) == [third]
    assert recursive_dependencies(fourth, 2) == [third, second]
    assert recursive_dependencies(fourth, 0) == []
    assert recursive_dependencies(fourth) == [third, second, first]


def test_sorting_puts_each_task_after_what_it_depends_on() -> None:
    first, second, third, fourth = chain(4)
    tasks = [fourth, second, third, first]
    topological_sort(tasks)
    assert tasks == [first, second, third, fourth]


def test_sorting_heeds_dependencies_through_tasks_that_are_not_listed() -> None:
    first, _, third = chain(3)
    tasks = [third, first]
    topological_sort(tasks)
    assert tasks == [first, third]


@pytest.mark.local  # takes a while
def test_a_deep_chain_is_sorted_and_listed() -> None:
    tasks = chain(DEEP)
    backwards = tasks[::-1]
    topological_sort(backwards)
    assert backwards == tasks
    assert len(recursive_dependencies(tasks[-1])) == DEEP - 1
