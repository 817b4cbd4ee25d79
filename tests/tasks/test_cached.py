"""A cached function is computed during the load, once."""

from __future__ import annotations

from typing import Any

import pytest

from jughpc.tasks.cached import CachedFunction
from jughpc.tasks.task import Task, alltasks
from tests.tasks.conftest import Memory

calls: list[Any] = []


def count(x: Any) -> int:
    calls.append(x)
    return len(calls)


def test_it_runs_at_once_and_only_once(memory: Memory) -> None:
    assert [CachedFunction(count, "a"), CachedFunction(count, "a"), CachedFunction(count, "b")] == [1, 1, 2]
    assert calls == ["a", "b"]
    assert len(alltasks) == 3


def test_it_takes_the_values_of_tasks(memory: Memory) -> None:
    task = Task(list, "ab")
    task.run()
    assert CachedFunction(len, task) == 2


def test_it_refuses_arguments_that_are_not_computed(memory: Memory) -> None:
    with pytest.raises(ValueError, match=r"cannot run now.*bvalue"):
        CachedFunction(len, Task(list, "ab"))
