"""A task is a call, its digest, and its result."""

from __future__ import annotations

import copy
import pickle
from functools import partial
from typing import Any

import pytest

from jughpc.errors import JugdirError, ResultMissingError
from jughpc.tasks.task import Task, alltasks
from tests.tasks.conftest import Memory


def add(*numbers: Any, start: Any = 0) -> Any:
    return sum(numbers, start)


def spoil(numbers: list[int]) -> int:
    numbers.append(1)
    return len(numbers)


def look(numbers: list[int]) -> int:
    return len(numbers)


class Doubling(Task[Any]):
    def compute(self) -> Any:
        return 2 * super().compute()


def test_tasks_are_listed_in_the_order_of_creation_equal_ones_twice() -> None:
    tasks = [Task(add, 1), Task(add, 2), Task(add, 1)]
    assert alltasks == tasks


def test_a_task_shows_its_function_and_its_arguments() -> None:
    task = Task(add, 1, start=2)
    assert task.name == f"{__name__}.add"
    assert (task.f, task.args, task.kwargs) == (add, (1,), {"start": 2})
    assert str(task) == f"Task: {__name__}.add()"
    assert repr(task) == f"Task({__name__}.add, args=(1,), kwargs={{'start': 2}})"


def test_two_tasks_are_equal_only_if_they_are_one_object() -> None:
    one, other = Task(add, 1), Task(add, 1)
    assert one != other
    assert len({one, other}) == 2


def test_partials_are_taken_apart() -> None:
    task = Task(partial(partial(add, 1, start=0), 2), 3, start=4)
    assert (task.f, task.args, task.kwargs) == (add, (1, 2, 3), {"start": 4})
    assert task.digest == Task(add, 1, 2, 3, start=4).digest


def test_a_lambda_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^jug\.Task does not work with lambda functions!"):
        Task(lambda: 1)


@pytest.mark.parametrize(("f", "name"), [(len, "builtins.len"), (str.upper, "builtins.upper"), (int, "builtins.int")])
def test_functions_written_in_c_work(f: Any, name: str, memory: Memory) -> None:
    task = Task(f, "12")
    assert task.name == name
    assert task.run() == f("12")


def test_running_computes_keeps_and_stores_the_result(memory: Memory) -> None:
    task = Task(add, 1, 2)
    assert not task.can_load()
    assert task.run() == 3
    assert task.is_loaded()
    assert memory.found == {task.digest: 3}


def test_running_without_saving_stores_nothing(memory: Memory) -> None:
    task = Task(add, 1, 2)
    assert task.run(save=False) == 3
    assert memory.found == {}


def test_running_again_computes_again(memory: Memory) -> None:
    calls: list[int] = []

    def count(x: int) -> int:
        calls.append(x)
        return x

    task = Task(count, 1)
    task.run()
    task.run()
    assert calls == [1, 1]


def test_computing_gives_the_result_and_stores_nothing(memory: Memory) -> None:
    task = Task(add, 1, 2)
    assert task.compute() == 3
    assert memory.found == {}
    assert not task.is_loaded()


def test_the_values_of_dependencies_are_what_the_function_gets(memory: Memory) -> None:
    inner = Task(add, 1, 2)
    inner.run()
    assert Task(add, inner, start=inner).compute() == 6


def test_a_task_whose_dependencies_have_no_result_cannot_run(memory: Memory) -> None:
    task = Task(add, Task(add, 1))
    assert not task.can_run()
    with pytest.raises(AssertionError, match="cannot run"):
        task.run()
    with pytest.raises(ResultMissingError):
        task.compute()


def test_whether_a_task_can_run_costs_one_look(memory: Memory) -> None:
    Task(add, [Task(add, i) for i in range(10)]).can_run()
    assert memory.looks == 1


def test_an_argument_whose_value_is_kept_needs_no_look(memory: Memory) -> None:
    inner = Task(add, 1)
    inner.keep(1)
    assert Task(add, inner).can_run()
    assert memory.looks == 0


def test_force_means_nothing_and_says_so(memory: Memory) -> None:
    with pytest.warns(DeprecationWarning, match="force"):
        assert Task(add, 1).run(force=True) == 1


def test_a_function_that_changes_its_arguments_is_found_out_when_watched(memory: Memory) -> None:
    with pytest.raises(RuntimeError, match="spoil changed its arguments"):
        Task(spoil, [1]).run(debug_mode=True)
    assert Task(look, [1]).run(debug_mode=True) == 1


def test_a_function_that_changes_its_arguments_does_not_change_the_task(memory: Memory) -> None:
    task = Task(spoil, [1])
    before = task.digest
    task.run()
    assert task.args == ([1],)
    assert Task(spoil, *task.args).digest == before


def test_a_value_is_read_once_and_can_be_let_go(memory: Memory) -> None:
    task = Task(add, 1)
    memory.put(task.digest, 1)
    assert task.value() == task.result == 1
    memory.put(task.digest, 2)
    assert task.value() == 1
    task.unload()
    assert not task.is_loaded()
    assert task.value() == 2


def test_loading_reads_again(memory: Memory) -> None:
    task = Task(add, 1)
    task.keep(1)
    memory.put(task.digest, 2)
    task.load()
    assert task.value() == 2


def test_loading_what_is_not_there_names_the_task(memory: Memory) -> None:
    task = Task(add, 1)
    words = rf"Failed to load result for task '{task.name}' \(hash: {task.digest.hex()}"
    with pytest.raises(RuntimeError, match=words):
        task.load()


def test_unloading_recursively_lets_go_of_all_values_below(memory: Memory) -> None:
    first = Task(add, 1)
    second = Task(add, first)
    third = Task(add, *[second])
    for task in (first, second, third):
        task.run()
    third.unload_recursive()
    assert not any(task.is_loaded() for task in (first, second, third))


def test_invalidating_removes_the_stored_result_and_keeps_the_value(memory: Memory) -> None:
    task = Task(add, 1)
    task.run()
    task.invalidate()
    assert not task.can_load()
    assert task.value() == 1


def test_a_result_can_be_looked_for_in_another_store(memory: Memory) -> None:
    other = Memory()
    task = Task(add, 1)
    other.put(task.digest, 1)
    assert task.can_load(other)
    assert not task.can_load()


def test_without_a_jugdir_values_are_refused_in_words() -> None:
    with pytest.raises(JugdirError, match=r"jughpc execute.*set_jugdir"):
        Task(add, 1).value()


def test_tasks_cannot_be_iterated_over_or_unpacked_or_searched() -> None:
    task = Task(add, 1)
    with pytest.raises(NotImplementedError, match=r"iteratetask.*bvalue"):
        iter(task)
    with pytest.raises(NotImplementedError):
        _a, _b = task
    with pytest.raises(NotImplementedError):
        _ = 1 in task


def test_a_task_has_no_dict_of_its_own() -> None:
    assert not hasattr(Task(add, 1), "__dict__")
    assert Task(add, 1).kwargs is Task(add, 2).kwargs


def test_a_subclass_of_task_works(memory: Memory) -> None:
    task = Doubling(add, 1, 2)
    outer = Task(add, task)
    assert alltasks == [task, outer]
    assert task.run() == 6
    assert outer.run() == 6
    assert list(outer.dependencies()) == [task]


def test_a_task_that_a_function_returns_is_refused_in_words() -> None:
    with pytest.raises(TypeError, match=r"add.*cannot be pickled.*plain function, `name.f\(...\)`"):
        pickle.dumps({"result": Task(add, 1)})


def test_copies_of_containers_hold_the_same_task() -> None:
    task = Task(add, 1)
    assert copy.deepcopy([task])[0] is copy.copy(task) is task


class Locking(Memory):
    """A store with locks."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[bytes, str] = {}

    def getlock(self, name: bytes) -> Lock:
        return Lock(self.states, name)


class Lock:
    def __init__(self, states: dict[bytes, str], name: bytes) -> None:
        self.states, self.name = states, name

    def get(self) -> bool:
        return self.states.setdefault(self.name, "held") == "held"

    def release(self) -> None:
        del self.states[self.name]

    def is_locked(self) -> bool:
        return self.name in self.states

    def fail(self) -> bool:
        self.states[self.name] = "failed"
        return True

    def is_failed(self) -> bool:
        return self.states.get(self.name) == "failed"


def test_a_task_can_be_locked_where_the_store_has_locks() -> None:
    Task.store = store = Locking()
    task = Task(add, 1)
    assert not task.is_locked()
    assert task.lock()
    assert store.states == {task.hash(): "held"}
    assert task.fail()
    assert task.is_failed()
    task.unlock()
    assert not task.is_locked()


def test_a_store_without_locks_says_so(memory: Memory) -> None:
    with pytest.raises(JugdirError, match="only workers claim"):
        Task(add, 1).lock()


def test_a_notebook_shows_the_call_and_whether_it_has_a_result(memory):
    task = Task(add, "<b>")
    named = "<code>tests.tasks.test_task.add(&#x27;&lt;b&gt;&#x27;)</code>"
    assert task._repr_html_() == f"{named} <small>no result yet</small>"
    memory.put(task.digest, "<b><b>")
    assert task._repr_html_().endswith("<small>has a result</small>")
    Task.store = None
    assert task._repr_html_().endswith("<small>no store yet</small>")
