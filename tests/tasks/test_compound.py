"""A compound task makes tasks, and in the end is one."""

from __future__ import annotations

from typing import Any

from jughpc.tasks.compound import CompoundTask, CompoundTaskGenerator
from jughpc.tasks.task import Task, alltasks
from tests.tasks.conftest import Memory


def same(x: Any) -> Any:
    return x


def make(n: int) -> list[Task[Any]]:
    return [Task(same, i) for i in range(n)]


def names() -> list[str]:
    return [task.name.removeprefix(f"{__name__}.") for task in alltasks]


def test_without_a_result_the_tasks_inside_are_made_and_then_the_whole(memory: Memory) -> None:
    whole = CompoundTask(make, 2)
    assert names() == ["same", "same", "jug.compound.compound_task_execute"]
    assert list(whole.dependencies()) == alltasks[:2]
    for task in alltasks:
        task.run()
    assert whole.value() == [0, 1]


def test_with_a_result_one_task_of_the_functions_name_is_left(memory: Memory) -> None:
    CompoundTask(make, 2)
    for task in alltasks:
        task.run()
    alltasks.clear()
    whole = CompoundTask(make, 2)
    assert names() == ["make"]
    assert whole.value() == [0, 1]


def test_the_digest_is_that_of_a_plain_call(memory: Memory) -> None:
    assert CompoundTask(make, 2).digest == Task(make, 2).digest != CompoundTask(make, 3).digest


def test_a_compound_task_can_be_an_argument(memory: Memory) -> None:
    outer = Task(same, CompoundTask(make, 1))
    for task in alltasks:
        task.run()
    assert outer.value() == [0]


def test_a_generator_keeps_the_function_and_its_name(memory: Memory) -> None:
    generator = CompoundTaskGenerator(make)
    assert generator.f is make  # type: ignore[attr-defined]  # as jug has it
    assert generator.__name__ == "make"
    assert generator(2).digest == CompoundTask(make, 2).digest
