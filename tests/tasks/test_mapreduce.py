"""Maps and reductions in pieces give what the builtins give at once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import add
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.library import mapreduce as mr
from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task, alltasks, dependencies_of
from jughpc.tasks.tasklet import value
from tests.tasks.conftest import Memory


def square(x: int) -> int:
    return x * x


def same(x: Any) -> Any:
    return x


def join(a: str, b: str) -> str:
    return a + b


def run_all() -> None:
    graph = Graph(alltasks)
    order = graph.ready()
    for i in order:  # which grows meanwhile
        graph.tasks[i].run()
        order += graph.done(i)


def computed(thing: Any) -> Any:
    Task.store = Memory()
    run_all()
    result = value(thing)
    alltasks.clear()
    return result


@given(st.lists(st.text(max_size=2), min_size=1, max_size=30), st.integers(1, 5), st.integers(2, 5))
def test_a_mapreduce_gives_what_map_and_reduce_give(inputs: list[str], map_step: int, reduce_step: int) -> None:
    expected = functools.reduce(join, map(str.upper, inputs))
    assert computed(mr.mapreduce(join, str.upper, inputs, map_step, reduce_step)) == expected


def test_reducing_nothing_gives_an_empty_list() -> None:
    assert computed(mr.mapreduce(add, square, [])) == []


def test_reducing_keeps_the_order() -> None:
    assert computed(mr.reduce(join, list("abcdefghijklmnopqrstuvwxyz"), reduce_step=3)) == "abcdefghijklmnopqrstuvwxyz"


def test_the_tasks_are_named_as_in_jug() -> None:
    mr.mapreduce(add, square, range(8), map_step=4, reduce_step=2)
    mr.map(square, range(4))
    mr.currymap(add, [(1, 2)])
    kinds = ["_jug_map_reduce", "_jug_map_reduce", "_jug_reduce", "_jug_map", "_jug_map_curry"]
    assert [task.name for task in alltasks] == [f"jug.mapreduce.{kind}" for kind in kinds]


def test_a_single_chunk_is_a_single_task() -> None:
    mr.mapreduce(add, None, range(3))
    assert len(alltasks) == 1


@pytest.mark.parametrize("step", [1, 3, 4, 100])
def test_a_map_is_a_sequence_of_items(step: int, memory: Memory) -> None:
    mapped = mr.map(square, range(10), map_step=step)
    run_all()
    assert len(mapped) == 10
    assert [value(item) for item in mapped] == [i * i for i in range(10)]
    assert value(mapped[-1]) == 81
    assert value(mapped) == [i * i for i in range(10)]
    with pytest.raises(IndexError):
        mapped[10]


def test_a_map_with_a_step_of_one_is_a_list_of_tasks() -> None:
    assert mr.map(square, [1, 2], map_step=1) == alltasks
    assert {task.name for task in alltasks} == {f"{__name__}.square"}


def test_a_map_takes_numpys_integers(memory: Memory) -> None:
    mapped = mr.map(square, range(10))
    run_all()
    assert value(mapped[np.int64(3)]) == 9


@pytest.mark.parametrize("cut", [slice(2, 9, 3), slice(None, None, -1), slice(5, 5), slice(8, None)])
def test_a_slice_of_a_map_has_the_items_in_it(cut: slice, memory: Memory) -> None:
    mapped = mr.map(square, range(10))
    run_all()
    expected = [i * i for i in range(10)][cut]
    assert value(mapped[cut]) == [value(item) for item in mapped[cut]] == expected
    assert len(mapped[cut]) == len(expected)


def test_a_slice_of_a_slice_is_a_slice(memory: Memory) -> None:
    mapped = mr.map(square, range(20))
    run_all()
    assert value(mapped[2:18:2][1:5][-1]) == list(range(20))[2:18:2][1:5][-1] ** 2
    assert value(mapped[2:18:2][1:5]) == [i * i for i in list(range(20))[2:18:2][1:5]]


def test_a_slice_depends_only_on_the_blocks_it_touches() -> None:
    mapped = mr.map(square, range(20), map_step=4)
    assert list(dependencies_of(mapped)) == alltasks
    assert list(dependencies_of(mapped[5:9])) == alltasks[1:3]


def test_maps_and_slices_can_be_arguments(memory: Memory) -> None:
    mapped = mr.map(square, range(10))
    tasks = [Task(same, thing) for thing in (mapped, mapped[2:5], mapped[2:6], mapped[3])]
    run_all()
    assert [task.value() for task in tasks] == [[i * i for i in range(10)], [4, 9, 16], [4, 9, 16, 25], 9]
    assert len({task.digest for task in tasks}) == 4


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_currymap_spreads_each_element(step: int, memory: Memory) -> None:
    mapped = mr.currymap(add, [(1, 2), (3, 4), (5, 6)], map_step=step)
    run_all()
    assert isinstance(mapped, list)
    assert value(mapped) == [3, 7, 11]


def test_mappers_and_reducers_may_be_task_generators() -> None:
    mapper, reducer = TaskGenerator(square), TaskGenerator(add)
    assert computed(mr.mapreduce(reducer, mapper, range(10))) == 285
    assert computed(mr.map(mapper, range(5), map_step=1)) == [0, 1, 4, 9, 16]


def test_a_billion_numbers_cost_one_task_a_chunk() -> None:
    mr.mapreduce(add, square, range(10**9), map_step=2**20)
    assert len(alltasks) == 954 + 120 + 15 + 2 + 1
    alltasks.clear()
    mapped = mr.map(square, range(10**9), map_step=2**20)
    assert len(mapped) == 10**9
    assert alltasks[0].args == (square, range(2**20))
    assert list(dependencies_of(mapped[2**20 :][0])) == [alltasks[1]]
    assert len(alltasks[-1].digest) == 16


@pytest.mark.parametrize("call", [mr.map, mr.currymap, mr.mapreduce, mr.reduce])
def test_a_generator_is_refused_in_words(call: Callable[..., Any]) -> None:
    arguments = (add, square) if call is mr.mapreduce else (add,)
    with pytest.raises(TypeError, match=r"generator.*list\(\.\.\.\)"):
        call(*arguments, (i for i in range(3)))


def test_a_step_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="1 or more"):
        mr.map(square, [1], map_step=0)


def test_a_reduction_has_one_of_its_inputs_in_memory_at_a_time(memory: Memory) -> None:
    inputs = [Task(abs, -n) for n in range(20)]
    for task in inputs:
        task.run()
        task.unload()
    together: list[int] = []

    def plus(a: int, b: int) -> int:
        together.append(sum(task.is_loaded() for task in alltasks[:20]))
        return a + b

    last = mr.reduce(plus, inputs)
    for task in alltasks[20:]:
        task.run()
    assert (last.value(), max(together)) == (190, 1)
