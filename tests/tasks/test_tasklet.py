"""Tasklets are derived from tasks and never stored."""

from __future__ import annotations

from typing import Any

import pytest

from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task, alltasks, dependencies_of
from jughpc.tasks.tasklet import NoLoad, Tasklet, iteratetask, return_tuple, value
from tests.tasks.conftest import Memory


def same(x: Any) -> Any:
    return x


def done(x: Any) -> Task[Any]:
    task = Task(same, x)
    task.run()
    return task


def test_the_value_of_a_tasklet_is_computed_from_its_bases(memory: Memory) -> None:
    task = done([1, 2, 3])
    tasklet = Tasklet(task, len)
    assert tasklet.value() == value(tasklet) == 3
    assert alltasks == [task]
    assert set(memory.found) == {task.digest}


@pytest.mark.parametrize("item", [0, -1, slice(1, None), slice(None, None, -1)])
def test_an_item_of_a_task_is_a_tasklet(item: Any, memory: Memory) -> None:
    tasklet = done([1, 2, 3])[item]
    assert isinstance(tasklet, Tasklet)
    assert tasklet.value() == [1, 2, 3][item]


def test_items_of_items_and_of_dicts(memory: Memory) -> None:
    assert done({"a": [1, {"b": 2}]})["a"][1]["b"].value() == 2


def test_an_item_may_be_a_task_or_a_tasklet(memory: Memory) -> None:
    task, index = done("abc"), done([2])
    assert task[index[0]].value() == "c"
    assert list(task[index[0]].dependencies()) == [task, index]


def test_the_base_may_be_a_container_of_tasks(memory: Memory) -> None:
    assert Tasklet([done(1), done(2)], sum).value() == 3


def test_a_tasklet_depends_on_its_base(memory: Memory) -> None:
    task = Task(same, [1])
    outer = Task(same, task[0])
    assert list(task[0][1].dependencies()) == list(outer.dependencies()) == [task]
    assert not task[0].can_load()
    task.run()
    assert task[0].can_load()
    assert outer.run() == 1


def test_a_tasklet_unloads_what_it_depends_on(memory: Memory) -> None:
    first = done([1])
    second = Task(same, first)
    second.run()
    second[0].unload()
    assert first.is_loaded()
    assert not second.is_loaded()
    second[0].unload_recursive()
    assert not first.is_loaded()


def test_a_tasklet_cannot_be_iterated_over() -> None:
    with pytest.raises(NotImplementedError, match="bvalue"):
        list(Task(same, 1)[0])
    with pytest.raises(NotImplementedError):
        _ = 1 in Task(same, 1)[0]


def test_a_task_can_be_unpacked_if_its_length_is_told(memory: Memory) -> None:
    a, b = iteratetask(done("xy"), 2)
    assert (a.value(), b.value()) == ("x", "y")


def test_iterated_items_are_a_sequence(memory: Memory) -> None:
    items = iteratetask(done("xyz"), 2)
    assert len(items) == 2
    assert [item.value() for item in items] == ["x", "y"]
    assert items[-1].value() == "z"
    assert [item.value() for item in items[0:1]] == ["x"]
    with pytest.raises(IndexError):
        items[2]


def test_iterated_items_can_be_an_argument(memory: Memory) -> None:
    task = done("xyz")
    outer = Task(same, iteratetask(task, 2))
    assert list(outer.dependencies()) == [task]
    assert outer.run() == ["x", "y"]


@return_tuple(2)
@TaskGenerator
def pair(n: int) -> list[int]:
    """Give some numbers."""
    return list(range(n))


def test_a_generator_may_return_a_tuple_of_tasklets(memory: Memory) -> None:
    a, b = pair(2)
    alltasks[0].run()
    assert (a.value(), b.value()) == (0, 1)
    assert pair.__doc__ == "Give some numbers."
    assert Task(same, a).digest != Task(same, b).digest


def test_a_tuple_of_another_size_is_an_error_when_its_value_is_taken(memory: Memory) -> None:
    a, _b = pair(3)
    alltasks[0].run()
    with pytest.raises(ValueError, match=r"^Expected a tuple of size 2 got 3$"):
        a.value()


def test_what_is_not_to_be_loaded_is_passed_as_itself(memory: Memory) -> None:
    task = Task(same, 1)
    unloaded = NoLoad(task)
    outer = Task(same, unloaded)
    assert not outer.can_run()
    memory.put(task.digest, 1)
    assert outer.run() is unloaded
    assert unloaded.base is unloaded.t is task
    assert not task.is_loaded()
    with pytest.raises(NotImplementedError, match="slice"):
        unloaded[0]


def test_a_tasklet_has_a_hash() -> None:
    task = Task(same, 1)
    assert task[0].__jug_hash__() == task[0].__jug_hash__() != task[1].__jug_hash__()
    assert list(dependencies_of(task[0])) == [task]


def test_a_tasklet_says_in_short_what_it_is_of():
    task = Task(len, "ab")
    assert str(task[0]) == repr(task[0]) == f"Tasklet of {task.name}('ab')"
    assert str(task[0][1]) == "Tasklet of Tasklet(...)"
    assert len(str(Tasklet([task] * 1000, sum))) < 1000
