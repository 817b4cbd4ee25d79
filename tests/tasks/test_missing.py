"""What is given in place of results that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jughpc.tasks.task import Task, dependencies_of
from jughpc.tasks.tasklet import Tasklet, value
from tests.tasks.conftest import Memory
from tests.tasks.test_values import CONTAINERS, done, double


@pytest.mark.parametrize("hold", CONTAINERS)
def test_what_is_missing_is_replaced_by_what_is_given_in_its_place(hold: Callable[[Any], Any], memory: Memory) -> None:
    held = hold(Task(double, 21))
    assert value(held, missing="none") == hold("none")
    assert value(hold(done(22)), missing="none") == hold(44)
    assert list(dependencies_of(held)) != []


def test_what_is_made_of_a_missing_value_is_missing_and_nothing_is_computed_of_what_stands_for_it(
    memory: Memory,
) -> None:
    there, gone = done("ab"), Task(double, "cd")
    assert value([there[0], gone[0], Tasklet([there, gone], len), [gone]], missing=None) == ["a", None, None, [None]]


def test_nothing_that_is_given_in_place_of_a_value_is_looked_into(memory: Memory) -> None:
    other = Task(double, 1)
    assert value([Task(double, 2)], missing=[other])[0][0] is other


def test_values_that_are_all_there_and_none_at_all_are_as_without(memory: Memory) -> None:
    assert value([done(1), 2], missing=None) == [2, 2]
    assert value({"k": [1]}, missing=None) == {"k": [1]}
