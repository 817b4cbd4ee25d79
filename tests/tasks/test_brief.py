"""What is written for people is short, whatever a call holds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from jughpc.tasks import brief
from jughpc.tasks.task import Task


class Raises:
    def __repr__(self):
        raise ValueError("no words for it")


@dataclass
class Big:
    parts: list = field(default_factory=lambda: list(range(100_000)))


@pytest.mark.parametrize(
    "thing",
    [
        10**4000, "x" * 10**6, b"x" * 10**6, bytearray(10**6), memoryview(bytes(10**6)),
        list(range(10**5)), tuple(range(10**5)), set(range(10**5)), dict.fromkeys(range(10**5)),
        [[["x" * 1000] * 1000] * 1000] * 1000, np.zeros((1000, 1000)), Big(), Raises(), [Raises()],
    ],
    ids=lambda thing: type(thing).__name__,
)  # fmt: skip
def test_a_value_is_written_in_few_characters(thing):
    assert 0 < len(brief.value(thing)) <= 600


@pytest.mark.parametrize("thing", [1, 1.5, "a", b"a", None, True, [1, 2], (1,), {"a": 1}, {1}, [], {}, ()])
def test_a_short_value_is_written_as_python_does(thing):
    assert brief.value(thing) == repr(thing)


def test_a_call_is_written_as_it_was_made():
    assert brief.call("f", (1, "a"), {"fast": True}) == "f(1, 'a', fast=True)"
    assert brief.call("f", range(9), {}) == "f(0, 1, 2, 3, 4, 5, ...)"
    assert brief.call("f", (), dict.fromkeys("abcdefgh", 1)) == "f(a=1, b=1, c=1, d=1, e=1, f=1, ...)"


def test_a_task_made_of_tasks_is_written_in_one_line():
    task = Task(abs, 1)
    for _ in range(20):
        task = Task(max, task, task)
    assert repr(task) == "Task(builtins.max, args=(builtins.max(..., ...), builtins.max(..., ...)), kwargs={})"


def test_a_task_that_is_given_to_another_is_written_with_what_it_was_given():
    assert (
        brief.call("f", (Task(abs, 1), [Task(max, 2, Task(abs, 1))]), {})
        == "f(builtins.abs(1), [builtins.max(2, ...)])"
    )


@pytest.mark.parametrize("given", ["x" * 10**6, list(range(10**5)), [[["x" * 99] * 99] * 99], Raises(), Big()])
def test_whatever_a_given_task_was_given_it_takes_one_line(given):
    assert len(brief.call("f", [Task(max, given)] * 9, {})) < 600
