"""A task in whatever an argument or a function is made of is replaced by its value, or the call is refused."""

from __future__ import annotations

import gc
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial, singledispatch, wraps
from operator import itemgetter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jughpc.errors import DigestError, UsageError
from jughpc.tasks import callee
from jughpc.tasks.compound import CompoundTask, CompoundTaskGenerator
from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.jugfile import Jugfile
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import NoLoad, Tasklet
from tests.tasks.conftest import Memory


def one() -> list[int]:
    return [1]


def told(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


class Box:
    def __init__(self, content: Any) -> None:
        self.content = content

    def method(self) -> Any:
        return self.content

    def __call__(self) -> Any:
        return self.content


class Slotted:
    __slots__ = ("content",)

    def __init__(self, content: Any) -> None:
        self.content = content


class Row(list):  # type: ignore[type-arg]
    content: Any = None


class Bag(set):  # type: ignore[type-arg]
    content: Any = None


@dataclass
class Point:
    x: Any


class Reduced:
    def __init__(self, content: Any) -> None:
        self.content = content

    def __reduce__(self) -> Any:
        return Reduced, (self.content,)


class Telling(Box):
    def __jug_value__(self) -> Any:
        return self.content

    def __jug_dependencies__(self) -> Iterable[Any]:
        return [self.content]


def object_array(*content: Any) -> Any:
    array = np.empty(len(content), dtype=object)
    array[:] = content
    return array


def with_attribute(thing: Any, content: Any) -> Any:
    thing.content = content
    return thing


def closing(content: Any) -> Callable[[], Any]:
    def f() -> Any:
        return content

    return f


def closing_lambda(content: Any) -> Callable[[], Any]:
    return lambda: content


def binding(content: Any) -> Callable[[], Any]:
    def f(content: Any = content) -> Any:
        return content

    return f


def binding_keyword(content: Any) -> Callable[[], Any]:
    def f(*, content: Any = content) -> Any:
        return content

    return f


def named(f: Any) -> Any:
    f.__qualname__ = "named"
    return f


def fields_array(content: Any) -> Any:
    array = np.zeros(1, dtype=[("a", int), ("b", object)])
    array["b"][0] = content
    return array


def decorated(inner: Any) -> Any:
    @wraps(inner)
    def wrapper() -> Any:
        return inner()

    return wrapper


RESOLVED: dict[str, Callable[[Any], Any]] = {
    "itself": lambda x: x,
    "list": lambda x: [x],
    "dict": lambda x: {"a": (x,)},
    "list of a kind": lambda x: Row([x]),
    "dataclass": Point,
    "array of objects": lambda x: object_array(x, 2),
    "array in an array": lambda x: object_array(object_array(x, 2), [x]),
    "array of two dimensions": lambda x: object_array(x, 1, 2, x).reshape(2, 2).T,
    "telling object": Telling,
    "telling object in another": lambda x: Telling(Telling([x])),
}

REFUSED: dict[str, Callable[[Any], Any]] = {
    "object": Box,
    "object of slots": Slotted,
    "object in an object": lambda x: Box(Box([x])),
    "reduced object": Reduced,
    "namespace": lambda x: SimpleNamespace(x=x),
    "deque": lambda x: deque([x]),
    "attribute of a list": lambda x: with_attribute(Row([1]), [x]),
    "attribute of a set": lambda x: with_attribute(Bag([1]), x),
    "closure": closing,
    "default": binding,
    "keyword default": binding_keyword,
    "named closure": lambda x: named(closing(x)),
    "named default": lambda x: named(binding(x)),
    "named keyword default": lambda x: named(binding_keyword([{"a": x}])),
    "decorated": lambda x: decorated(closing(x)),
    "lambda": closing_lambda,
    "partial": lambda x: partial(told, [x]),
    "keyword partial": lambda x: partial(told, a=x),
    "method": lambda x: Box(x).method,
    "method of a list": lambda x: [x].index,
    "cached": lambda x: lru_cache(closing(x)),
    "dispatcher": lambda x: singledispatch(closing(x)),
    "generator": lambda x: TaskGenerator(closing(x)),
    "item getter": lambda x: itemgetter(x),
    "slice": lambda x: slice(x),
    "fields of an array": fields_array,
    "masked array": lambda x: np.ma.masked_array(object_array(x), mask=[False]),
    "object in an array": lambda x: object_array(Box(x)),
}
CALLED = ["closure", "default", "keyword default", "decorated", "method", "cached", "dispatcher"]
CALLED += [name for name in REFUSED if name.startswith("named")]

HELD: dict[str, Callable[[Task[Any]], Any]] = {
    "task": lambda task: task,
    "item": lambda task: task[0],
    "tasklet": lambda task: Tasklet(task, len),
}


def done() -> Task[Any]:
    task = Task(one)
    task.run()
    return task


@pytest.mark.parametrize("hold", HELD.values(), ids=HELD)
@pytest.mark.parametrize("place", RESOLVED.values(), ids=RESOLVED)
def test_a_task_in_such_an_argument_is_found_and_replaced_by_its_value(
    place: Callable[[Any], Any], hold: Callable[[Any], Any], memory: Memory
) -> None:
    task = Task(told, place(hold(done())))
    assert set(task.dependencies())
    ((argument,), _) = task.run()
    assert "Task" not in repr(argument.tolist() if isinstance(argument, np.ndarray) else argument)


@pytest.mark.parametrize("hold", HELD.values(), ids=HELD)
@pytest.mark.parametrize("known", [False, True], ids=["new", "digested"])
@pytest.mark.parametrize("place", REFUSED.values(), ids=REFUSED)
def test_a_task_in_such_an_argument_is_refused_before_the_function_runs(
    place: Callable[[Any], Any], known: bool, hold: Callable[[Any], Any], memory: Memory
) -> None:
    inner = done() if known else Task(one)
    for task in Task(told, place(hold(inner))), Task(told, a=[place(hold(inner))]):
        with pytest.raises(DigestError, match=r"told was called with .* inside .* no task is replaced by its value"):
            task.run()


@pytest.mark.parametrize("place", [REFUSED[name] for name in CALLED], ids=CALLED)
def test_a_function_that_brings_a_task_is_refused(place: Callable[[Any], Any], memory: Memory) -> None:
    with pytest.raises(DigestError, match=r"defined at \S+:\d+, holds Task: .*one\(\) inside the function"):
        Task(place(done())).run()


@pytest.mark.parametrize("place", [*RESOLVED.values(), *REFUSED.values()], ids=[*RESOLVED, *REFUSED])
@pytest.mark.parametrize("brings", ["named default", "named closure", "default"])
def test_a_function_that_brings_what_holds_a_task_is_refused(
    brings: str, place: Callable[[Any], Any], memory: Memory
) -> None:
    callee.forget()
    with pytest.raises(UsageError):
        Task(told, REFUSED[brings](place(done()))).run()


plain = st.none() | st.integers() | st.text()


@given(
    st.recursive(
        plain | st.just("TASK"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(plain, inner, max_size=2)
            | st.tuples(st.sampled_from([*RESOLVED.values(), *REFUSED.values()]), inner)
        ),
        max_leaves=6,
    )
)
def test_no_function_ever_gets_a_task(recipe: Any) -> None:
    store = Memory()
    Task.store = store
    callee.forget()
    task = done()
    try:
        outcome = Task(told, build(recipe, task)).run()
    except UsageError:  # hidden, or two of these functions by one name
        return
    assert not finds(outcome, task)


def build(recipe: Any, task: Task[Any]) -> Any:
    if recipe == "TASK":
        return task
    if isinstance(recipe, tuple):
        place, inner = recipe
        return place(build(inner, task))
    if isinstance(recipe, dict):
        return {key: build(inner, task) for key, inner in recipe.items()}
    return [build(inner, task) for inner in recipe] if isinstance(recipe, list) else recipe


def finds(thing: Any, task: Task[Any]) -> bool:
    """Tell whether `task` can be reached from `thing` by what its parts refer to."""
    waiting, seen = [thing], {id(thing)}
    while waiting:
        part = waiting.pop()
        if part is task:
            return True
        held = part.tolist() if isinstance(part, np.ndarray) else gc.get_referents(part)
        new = [other for other in held if id(other) not in seen and not isinstance(other, type)]
        seen.update(map(id, new))
        waiting += [other for other in new if other is not globals() and type(other).__name__ != "module"]
    return False


def test_a_default_that_is_a_task_is_refused_where_the_call_is_made(load_text: Callable[..., Jugfile]) -> None:
    text = "from jug import Task\ndef f(): return 1\ndef g(x, y=Task(f)): return y\nTask(g, 1)\n"
    with pytest.raises(DigestError, match=r"jugfile\.g, defined at \S+jugfile.py:3, holds Task: jugfile.f\(\)"):
        load_text(text)


def test_a_compound_task_may_close_over_tasks_for_it_is_called_at_once(memory: Memory) -> None:
    task = done()

    @CompoundTaskGenerator
    def inside() -> Any:
        return [task, Task(told, task)]

    compound = inside()
    Task(told, task).run()
    assert compound.run() == [[1], (([1],), {})]
    assert CompoundTask(Box(task).method).run() == [1]


def test_a_task_that_is_not_to_be_loaded_may_be_an_argument(memory: Memory) -> None:
    ((argument,), _) = Task(told, NoLoad(done())).run()
    assert argument.base.name.endswith("one")


def test_an_array_without_tasks_stays_the_same_object(memory: Memory) -> None:
    array = object_array("a", [1])
    ((argument,), _) = Task(told, array).run()
    assert argument is array


def test_what_was_refused_leaves_no_trace(memory: Memory) -> None:
    task = done()
    for _ in range(2):
        with pytest.raises(DigestError):
            Task(told, Box(task)).digest  # noqa: B018  # what is tested
        assert Task(told, [task]).digest
    assert list(itertools.islice(Task(told, {"a": task}).dependencies(), 2)) == [task]
