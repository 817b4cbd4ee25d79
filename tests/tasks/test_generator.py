"""A TaskGenerator makes tasks of calls, and still looks like its function."""

from __future__ import annotations

import inspect
import pickle
from functools import partial

import pytest

from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task, alltasks
from tests.tasks.conftest import Memory


@TaskGenerator
def scaled(x: int, by: int = 2) -> int:
    """Scale a number."""
    return x * by


@TaskGenerator(version="2")
def versioned(x: int) -> int:
    return x


class Scale:
    def __init__(self, by: int) -> None:
        self.by = by

    @TaskGenerator
    def scaled(self, x: int) -> int:
        return self.by * x


def test_a_call_makes_a_task(memory: Memory) -> None:
    task = scaled(2, by=5)
    assert isinstance(task, Task)
    assert alltasks == [task]
    assert task.digest == Task(scaled.f, 2, by=5).digest
    assert task.run() == 10


def test_the_plain_function_can_be_called() -> None:
    assert scaled.f(3) == 6
    assert versioned.f(3) == 3


def test_name_doc_and_signature_are_the_functions() -> None:
    assert scaled.__name__ == "scaled"  # type: ignore[attr-defined]  # mypy does not see copied attributes
    assert scaled.__doc__ == "Scale a number."
    assert scaled.__wrapped__ is scaled.f  # type: ignore[attr-defined]  # as above
    assert list(inspect.signature(scaled).parameters) == ["x", "by"]
    assert scaled._jug_is_task_generator


def test_attributes_of_the_function_do_not_hide_the_function() -> None:
    def plain() -> int:
        return 1

    plain.f = "mine"  # type: ignore[attr-defined]  # what is tested
    assert TaskGenerator(plain).f is plain


def test_a_method_gets_its_instance(memory: Memory) -> None:
    task = Scale(3).scaled(2)
    assert task.run() == 6
    assert task.digest == Scale(3).scaled(2).digest != Scale(4).scaled(2).digest


def test_a_method_asked_of_the_class_is_the_generator() -> None:
    assert isinstance(Scale.scaled, TaskGenerator)
    assert Scale.scaled.f(Scale(3), 2) == 6


def test_a_parameter_may_be_called_self_or_f(memory: Memory) -> None:
    @TaskGenerator
    def odd(self: int, f: int) -> int:
        return self + f

    assert odd(self=1, f=2).run() == 3


def test_a_partial_makes_tasks_with_all_arguments() -> None:
    task = TaskGenerator(partial(scaled.f, by=3), version="2")(1)
    assert (task.args, task.kwargs) == ((1,), {"by": 3})
    assert task.digest != Task(scaled.f, 1, by=3).digest


def test_a_generator_pickles_by_name() -> None:
    assert pickle.loads(pickle.dumps(scaled)) is scaled
    assert pickle.loads(pickle.dumps(Scale.scaled)) is Scale.scaled


def plain(x: int) -> int:
    return x


def test_a_generator_pickles_by_its_functions_name() -> None:
    copied = pickle.loads(pickle.dumps(TaskGenerator(plain, version="2")))
    assert copied.f is plain
    assert copied(1).digest == TaskGenerator(plain, version="2")(1).digest


def test_a_generator_that_no_name_leads_to_does_not_pickle() -> None:
    with pytest.raises(RuntimeError, match="neither it nor its function"):
        pickle.dumps(TaskGenerator(lambda: 1))


def test_a_lambda_is_refused_at_the_call() -> None:
    with pytest.raises(ValueError, match="lambda"):
        TaskGenerator(lambda: 1)()
