"""Tasks are found in arguments, and replaced there by their values."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from jughpc.tasks.task import Task, dependencies_of
from jughpc.tasks.tasklet import Tasklet, value
from tests.tasks.conftest import Memory

DEEP = 100_000


def double(x: Any) -> Any:
    return 2 * x


@dataclass(frozen=True)
class Point:
    x: object
    y: object = None


Pair = namedtuple("Pair", "a b")


class Row(list):  # type: ignore[type-arg]
    pass


class Named(dict):  # type: ignore[type-arg]
    name = ""


def done(x: Any) -> Task[Any]:
    task = Task(double, x)
    task.run()
    return task


CONTAINERS: list[Callable[[Any], Any]] = [
    lambda x: [x, 1],
    lambda x: (x, 1),
    lambda x: {"k": x},
    lambda x: {x: "v"},
    lambda x: {x, "b"},
    lambda x: frozenset([x]),
    lambda x: Pair(x, 1),
    lambda x: OrderedDict([("b", x), ("a", 1)]),
    lambda x: defaultdict(list, k=x),
    lambda x: Row([x]),
    lambda x: Point(x),
    lambda x: [({"k": [Point(Pair({x}, 1))]},)],
]


@pytest.mark.parametrize("hold", CONTAINERS)
def test_a_task_in_a_container_is_found_and_replaced_by_its_value(hold: Callable[[Any], Any], memory: Memory) -> None:
    task = done(21)
    assert list(dependencies_of(hold(task))) == [task]
    assert value(hold(task)) == hold(42)
    assert type(value(hold(task))) is type(hold(42))


@pytest.mark.parametrize("hold", CONTAINERS)
def test_a_tasklet_in_a_container_is_found_and_replaced_by_its_value(
    hold: Callable[[Any], Any], memory: Memory
) -> None:
    task = done("ab")
    assert list(dependencies_of(hold(task[1]))) == [task]
    assert value(hold(task[1])) == hold("b")


def test_dependencies_come_in_order_and_as_often_as_they_occur() -> None:
    one, two = Task(double, 1), Task(double, 2)
    assert list(dependencies_of([two, {"k": (one, two)}])) == [two, one, two]


def test_a_task_is_not_looked_into() -> None:
    inner = Task(double, 1)
    outer = Task(double, inner)
    assert list(dependencies_of([outer])) == [outer]


def test_the_default_of_a_dict_is_kept(memory: Memory) -> None:
    resolved = value(defaultdict(list, k=done(1)))
    assert resolved["other"] == []


def test_lists_tuples_and_dicts_become_new_ones() -> None:
    inner = [1]
    outer = [inner, {"k": inner}]
    resolved = value(outer)
    assert resolved == outer
    assert resolved is not outer
    assert resolved[0] is not inner
    assert resolved[1]["k"] is not inner


@pytest.mark.parametrize("thing", [{1, 2}, Pair([1], 2), OrderedDict(a=[1]), Point([1]), Row([1]), Point, object()])
def test_other_things_without_tasks_stay_the_same_objects(thing: object) -> None:
    assert value(thing) is thing


def test_an_object_may_tell_its_value_and_its_dependencies(memory: Memory) -> None:
    class Own:
        def __init__(self, task: Task[Any]) -> None:
            self.task = task

        def __jug_value__(self) -> str:
            return f"value {self.task.value()}"

        def __jug_dependencies__(self) -> Iterable[object]:
            return [{"inner": self.task}]

    task = done(1)
    assert value([Own(task)]) == ["value 2"]
    assert list(dependencies_of([Own(task)])) == [task]


def test_a_container_a_hundred_thousand_levels_deep_has_a_value(memory: Memory) -> None:
    deep: Any = done(1)
    for _ in range(DEEP):
        deep = [deep]
    assert len(list(dependencies_of(deep))) == 1
    resolved = value(deep)
    for _ in range(DEEP):
        resolved = resolved[0]
    assert resolved == 2


def test_a_list_that_contains_itself_is_walked_once() -> None:
    task = Task(double, 1)
    loop: list[Any] = [task]
    loop.append(loop)
    assert list(dependencies_of(loop)) == [task]


def test_tasklets_of_tasklets_a_hundred_thousand_levels_deep_have_a_value(memory: Memory) -> None:
    tasklet: Any = done([0])
    for _ in range(DEEP):
        tasklet = Tasklet(tasklet, list)
    assert tasklet.value() == [0, 0]


class Ordered(Memory):
    """Results in a dict that notes in which order they are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[bytes] = []

    def get(self, digest: bytes) -> object:
        self.read.append(digest)
        return super().get(digest)


def test_a_large_list_is_read_once_in_the_order_of_its_files_and_given_anew_each_time() -> None:
    memory = Task.store = Ordered()
    tasks = [Task(double, i) for i in range(1500)]
    for task in tasks:
        memory.put(task.digest, task.args[0])
    first, second = value(tasks), value(tasks)
    assert first == second == list(range(1500))
    assert first is not second
    assert memory.read == sorted(task.digest for task in tasks)
