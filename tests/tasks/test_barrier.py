"""Barriers are passed only once what stands before them is computed."""

from __future__ import annotations

from typing import Any

import pytest

from jughpc.errors import JugdirError
from jughpc.tasks.barrier import BarrierError, barrier, bvalue
from jughpc.tasks.task import Task, alltasks
from jughpc.tasks.tasklet import NoLoad
from tests.tasks.conftest import Memory


def same(x: Any) -> Any:
    return x


def test_a_barrier_is_passed_once_all_tasks_before_it_have_results(memory: Memory) -> None:
    tasks = [Task(same, i) for i in range(3)]
    with pytest.raises(BarrierError, match="3 tasks before this barrier"):
        barrier()
    for task in tasks:
        memory.put(task.digest, 1)
    barrier()


def test_a_barrier_costs_one_look(memory: Memory) -> None:
    for i in range(10):
        memory.put(Task(same, i).digest, 1)
    barrier()
    assert memory.looks == 1


def test_a_barrier_asks_only_for_the_tasks_since_the_last_that_was_passed(memory: Memory) -> None:
    first = Task(same, 1)
    memory.put(first.digest, 1)
    barrier()
    memory.remove([first.digest])
    second = Task(same, 2)
    with pytest.raises(BarrierError, match="1 tasks"):
        barrier()
    memory.put(second.digest, 2)
    with pytest.raises(BarrierError, match="1 tasks"):  # the next load begins at the first again
        barrier()


def test_another_load_and_another_store_begin_at_the_first_task_again(memory: Memory) -> None:
    memory.put(Task(same, 1).digest, 1)
    barrier()
    alltasks[:] = [Task(same, 2)]
    with pytest.raises(BarrierError):
        barrier()
    memory.put(Task(same, 2).digest, 2)
    barrier()
    Task.store = Memory()
    with pytest.raises(BarrierError):
        barrier()


def test_a_barrier_is_not_swallowed_with_a_jugfiles_own_errors() -> None:
    assert not issubclass(BarrierError, Exception)


def test_a_value_behind_a_barrier_waits_only_for_what_it_holds(memory: Memory) -> None:
    Task(same, "other")
    task = Task(same, 1)
    with pytest.raises(BarrierError, match="1 tasks whose value is needed"):
        bvalue({"k": [task]})
    memory.put(task.digest, "one")
    assert bvalue({"k": [task], "t": task[0]}) == {"k": ["one"], "t": "o"}


def test_a_value_behind_a_barrier_costs_one_look(memory: Memory) -> None:
    tasks = [Task(same, i) for i in range(10)]
    for task in tasks:
        memory.put(task.digest, 1)
    bvalue(tasks)
    assert memory.looks == 1


def test_what_is_not_to_be_loaded_need_not_be_there(memory: Memory) -> None:
    unloaded = NoLoad(Task(same, 1))
    assert bvalue([unloaded]) == [unloaded]


def test_errors_of_a_value_come_as_they_are(memory: Memory) -> None:
    task = Task(same, 1)
    memory.put(task.digest, 1)
    with pytest.raises(TypeError):
        bvalue(task[0])


def test_a_barrier_without_a_jugdir_is_refused_in_words() -> None:
    Task(same, 1)
    with pytest.raises(JugdirError, match="jughpc execute"):
        barrier()
