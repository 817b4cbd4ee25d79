"""The graph knows at any moment what is ready, what waits, and what never will be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.errors import UsageError
from jughpc.tasks.digested import digested
from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task, alltasks

MANY = 100_000


def f(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


def diamond() -> tuple[Graph, list[int]]:
    """Return top <- left, right <- bottom, and their indices."""
    top = Task(f, "top")
    left, right = Task(f, "left", top), Task(f, ["right"], k={"t": top})
    bottom = Task(f, left, right[0], left)
    return Graph([top, left, right, bottom]), [0, 1, 2, 3]


CALLS = st.lists(
    st.tuples(st.lists(st.one_of(st.integers(), st.text(), st.none(), st.lists(st.integers()), st.booleans())),
              st.dictionaries(st.sampled_from("ab"), st.integers(), max_size=1), st.booleans(), st.booleans()),
    min_size=1, max_size=8,
)  # fmt: skip


@given(CALLS)
def test_the_digests_of_many_calls_are_those_of_each_and_none_that_needs_a_task_is_taken_for_plain(calls):
    leaf, made = Task(f), []
    for args, kwargs, needs_leaf, is_known in calls:
        task, twin = (Task(f, *args, *([leaf] if needs_leaf else []), **kwargs) for _ in range(2))
        made.append((task, twin))
        assert not is_known or task.digest
    digests, plain = digested([task for task, _ in made])
    assert digests == [twin.digest for _, twin in made] == [task.digest for task, _ in made]
    assert not [task for (task, _), is_plain in zip(made, plain, strict=True) if is_plain and task.nested()]
    graph = Graph([leaf, *(task for task, _ in made)])
    rest = list(enumerate(graph.tasks))[1:]
    assert all(list(graph.dependencies(i)) == [0] * any(one is leaf for one in task.args) for i, task in rest)


def test_what_of_the_list_is_done_and_failed_is_told_apart_from_what_it_needs() -> None:
    needed = Task(f, 1)
    graph = Graph([Task(f, needed), Task(f, 2)])
    graph.done(2)
    assert (list(graph.listed_done()), graph.lacks_listed(), graph.failed_listed()) == ([], True, False)
    graph.failed(1)
    graph.done(0)
    assert (list(graph.listed_done()), graph.lacks_listed(), graph.failed_listed()) == ([0], True, True)
    assert not Graph([]).lacks_listed()


def test_tasks_with_one_digest_are_one() -> None:
    one, twin, other = Task(f, 1), Task(f, 1), Task(f, 2)
    graph = Graph([one, twin, other])
    assert graph.tasks == [one, other]
    assert graph.digests == [one.digest, other.digest]
    assert graph.index == {one.digest: 0, other.digest: 1}
    assert graph.listed == graph.unfinished == 2


def test_dependencies_are_known_by_index_each_once() -> None:
    graph, (top, left, right, bottom) = diamond()
    assert [list(graph.dependencies(i)) for i in range(4)] == [[], [top], [top], [left, right]]
    assert [graph.with_dependents([i]) for i in (left, right, bottom)] == [[left, bottom], [right, bottom], [bottom]]


def test_dependencies_that_are_not_listed_come_after_the_list() -> None:
    first = Task(f, 1)
    second = Task(f, first)
    third = Task(f, second)
    graph = Graph([third])
    assert graph.tasks == [third, second, first]
    assert graph.listed == 1
    assert graph.ready() == [2]


def test_an_argument_equal_to_a_listed_task_is_that_task() -> None:
    listed = Task(f, 1)
    graph = Graph([listed, Task(f, Task(f, 1))])
    assert len(graph.tasks) == 2
    assert list(graph.dependencies(1)) == [0]


def test_a_task_is_ready_once_all_it_depends_on_is_done() -> None:
    graph, (top, left, right, bottom) = diamond()
    assert graph.ready() == [top]
    assert graph.done(top) == [left, right]
    assert graph.done(left) == []
    assert graph.done(right) == [bottom]
    assert graph.is_ready(bottom)
    assert graph.done(bottom) == []
    assert graph.unfinished == 0
    assert graph.ready() == []


def test_results_may_become_known_in_any_order() -> None:
    graph, (top, left, right, bottom) = diamond()
    assert graph.done(bottom) == []
    assert graph.done(left) == []
    assert graph.done(top) == [right]
    assert graph.done(right) == []
    assert graph.unfinished == 0


def test_a_result_that_is_told_twice_counts_once() -> None:
    graph, (top, left, _, _) = diamond()
    graph.done(top)
    assert graph.done(top) == []
    assert graph.unfinished == 3
    assert graph.done(left) == []


def test_a_result_that_is_lost_makes_its_dependents_wait_again() -> None:
    graph, (top, left, right, _) = diamond()
    graph.done(top)
    graph.done(left)
    assert graph.undone(top) == [right]
    assert graph.unfinished == 3
    assert graph.ready() == [top]
    assert graph.undone(top) == []
    assert graph.done(top) == [right]


def test_consumers_are_the_unfinished_tasks_that_need_a_value() -> None:
    graph, (top, left, right, bottom) = diamond()
    assert [graph.consumers(i) for i in range(4)] == [2, 1, 1, 0]
    graph.done(left)
    assert graph.consumers(top) == 1
    graph.done(right)
    assert graph.consumers(top) == 0
    graph.undone(right)
    assert graph.consumers(top) == 1
    assert graph.consumers(bottom) == 0


def test_what_depends_on_a_failed_task_is_stuck() -> None:
    graph, (top, left, right, bottom) = diamond()
    graph.done(top)
    graph.failed(left)
    assert [graph.is_stuck(i) for i in (top, left, right, bottom)] == [False, True, False, True]
    assert (graph.stuck, graph.unfinished) == (2, 3)
    assert graph.is_failed(left)
    assert not graph.is_failed(bottom)
    assert graph.ready() == [right]


def test_two_failures_are_not_counted_twice_below() -> None:
    graph, (_, left, right, bottom) = diamond()
    graph.failed(left)
    graph.failed(right)
    graph.failed(left)
    assert graph.stuck == 3
    graph.done(left)
    assert (graph.is_stuck(left), graph.is_stuck(bottom), graph.stuck) == (False, True, 2)
    graph.done(right)
    assert graph.stuck == 0


def test_a_failed_task_that_gets_a_result_is_stuck_no_more() -> None:
    graph, (top, left, _, bottom) = diamond()
    graph.failed(top)
    assert graph.stuck == 4
    graph.done(top)
    assert (graph.stuck, graph.unfinished) == (0, 3)
    graph.failed(top)
    assert not graph.is_failed(top)
    assert graph.is_ready(left)
    assert not graph.is_stuck(bottom)


def test_a_result_shields_what_is_below_it_from_failures_above() -> None:
    graph, (top, left, right, bottom) = diamond()
    graph.done(left)
    graph.done(right)
    graph.failed(top)
    assert not graph.is_stuck(bottom)
    graph.undone(left)
    assert graph.is_stuck(left)
    assert graph.is_stuck(bottom)
    assert graph.stuck == 3


def test_unloading_a_task_unloads_its_twins() -> None:
    one, twin, listed = Task(f, 1), Task(f, 1), Task(f, 1)
    graph = Graph([one, listed, Task(f, twin), Task(f, twin)])
    for task in (one, twin, listed):
        task.keep("value")
    graph.unload(0)
    assert not any(task.is_loaded() for task in (one, twin, listed))


def test_a_task_that_depends_on_itself_is_an_error() -> None:
    arguments: list[Any] = []
    task = Task(f, arguments)
    arguments.append(Task(f, task))
    with pytest.raises(UsageError, match="depends on itself"):
        Graph([task])


def test_a_chain_of_a_hundred_thousand_runs_from_end_to_end() -> None:
    task = Task(f, 0)
    for _ in range(MANY - 1):
        task = Task(f, task)
    graph = Graph(alltasks)
    graph.failed(0)
    assert graph.stuck == MANY
    order = graph.done(0)
    assert graph.stuck == 0
    for i in order:  # which grows meanwhile
        order += graph.done(i)
    assert order == list(range(1, MANY))
    assert graph.unfinished == 0


def test_a_task_of_a_hundred_thousand_arguments_is_ready_after_the_last() -> None:
    last = Task(f, [Task(f, i) for i in range(MANY)])
    graph = Graph(alltasks)
    assert list(graph.dependencies(MANY)) == list(range(MANY))
    fresh = [i for i in range(MANY) if graph.done(i)]
    assert fresh == [MANY - 1]
    assert graph.tasks[MANY] is last


class Model:
    """The same by brute force."""

    def __init__(self, below: list[list[int]]) -> None:
        self.below = below
        self.states = ["new"] * len(below)

    def stuck(self, i: int) -> bool:
        if self.states[i] == "done":
            return False
        return self.states[i] == "failed" or any(self.stuck(j) for j in self.below[i])

    def ready(self, i: int) -> bool:
        return self.states[i] == "new" and all(self.states[j] == "done" for j in self.below[i])

    def consumers(self, i: int) -> int:
        return sum(i in below and state != "done" for below, state in zip(self.below, self.states, strict=True))


def play(graph: Graph, model: Model, steps: list[tuple[str, int]]) -> None:
    """Take the steps on both, and compare them after each."""
    numbers = range(len(model.below))
    for step, i in steps:
        if i >= len(model.below):
            continue
        before = {j for j in numbers if model.ready(j)}
        outcome = getattr(graph, step)(i)
        if step == "done":
            model.states[i] = "done"
            assert sorted(outcome) == [j for j in numbers if model.ready(j) and j not in before]
        elif step == "undone" and model.states[i] == "done":
            model.states[i] = "new"
            assert sorted(outcome) == [j for j in numbers if j in before and not model.ready(j)]
        elif step == "failed" and model.states[i] == "new":
            model.states[i] = "failed"
        assert graph.ready() == [j for j in numbers if model.ready(j)]
        assert [graph.is_stuck(j) for j in numbers] == [model.stuck(j) for j in numbers]
        assert graph.stuck == sum(map(model.stuck, numbers))
        assert graph.unfinished == sum(state != "done" for state in model.states)


edges = st.lists(st.sets(st.integers(0, 7), max_size=3), min_size=1, max_size=8)
steps = st.lists(st.tuples(st.sampled_from(["done", "undone", "failed"]), st.integers(0, 7)), max_size=25)


@given(edges, steps)
def test_any_history_leaves_the_graph_as_brute_force_would(edges: list[set[int]], steps: list[tuple[str, int]]) -> None:
    below = [sorted(j for j in targets if j < i) for i, targets in enumerate(edges)]
    tasks: list[Task[Any]] = []
    for i, targets in enumerate(below):
        tasks.append(Task(f, i, [tasks[j] for j in targets]))
    graph, model = Graph(tasks), Model(below)
    for step in steps:
        play(graph, model, [step])
        numbers = range(len(tasks))
        assert [graph.consumers(j) for j in numbers] == [model.consumers(j) for j in numbers]


# containers that many tasks share


shares = st.lists(
    st.tuples(st.sampled_from([0, 1, 2, 3]), st.sets(st.integers(0, 7), max_size=2)), min_size=3, max_size=8
)


@given(st.lists(st.sets(st.integers(0, 2)), min_size=3, max_size=3), shares, steps)
def test_tasks_that_share_a_container_wait_for_all_that_is_in_it(
    contents: list[set[int]], uses: list[tuple[int, set[int]]], steps: list[tuple[str, int]]
) -> None:
    tasks = [Task(f, i) for i in range(3)]
    large = [[*(tasks[i] for i in sorted(content)), *range(100)] for content in contents]
    below: list[list[int]] = [[], [], []]
    for which, targets in uses:
        direct = sorted(j for j in targets if j < len(tasks))
        shared = large[which] if which < 3 else []
        needs = {*direct, *(contents[which] if which < 3 else ())}
        tasks.append(Task(f, len(tasks), {"deep": (shared, 1)}, [tasks[j] for j in direct]))
        below.append(sorted(needs))
    graph, model = Graph(tasks), Model(below)
    numbers = range(len(tasks))
    assert [sorted(graph.dependencies(j)) for j in numbers] == below
    users = [{i for i in numbers if j in below[i]} for j in numbers]
    assert [{*graph.with_dependents([j])} >= {j, *users[j]} for j in numbers] == [True for j in numbers]
    for step in steps:
        play(graph, model, [step])
        assert [bool(graph.consumers(j)) for j in numbers] == [bool(model.consumers(j)) for j in numbers]
        for j in numbers:
            last = {i for i in below[j] if model.consumers(i) <= 1}
            assert model.states[j] == "done" or set(graph.needed_last(j)) <= last


def test_a_container_that_many_tasks_share_is_counted_once() -> None:
    parts = [Task(f, i) for i in range(1000)]
    users = [Task(f, "user", i, parts) for i in range(500)]
    graph = Graph([*parts, *users])
    assert len(graph.edges.targets) < 3000
    assert list(graph.dependencies(1400)) == list(range(1000))
    assert graph.with_dependents([7]) == [7, *range(1000, 1500)]
    assert graph.all_done(range(1000)) == list(range(1000, 1500))


def test_the_values_of_a_shared_container_are_needed_until_its_last_task_is_done() -> None:
    parts = [Task(f, i) for i in range(100)]
    users = [Task(f, "user", i, parts) for i in range(3)]
    graph = Graph([*parts, *users])
    graph.all_done(range(100))
    for i in (100, 101):
        assert list(graph.needed_last(i)) == []
        graph.done(i)
    assert sorted(graph.needed_last(102)) == list(range(100))
    graph.done(102)
    assert graph.consumers(5) == 0
