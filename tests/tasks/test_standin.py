"""Whoever asks a task for its value, which is not there yet, is warned, and gets no wrong answer."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from jughpc.tasks.task import Task


@pytest.fixture(params=[lambda: Task(abs, 1), lambda: Task(abs, 1)[0]], ids=["task", "tasklet"])
def task(request):
    return request.param()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (bool, True),
        (lambda task: not task, False),
        (lambda task: task or 1, "itself"),
        (lambda task: task == 1, False),
        (lambda task: 1 == task, False),  # noqa: SIM300
        (lambda task: task != 1, True),
        (lambda task: 1 in [task], False),
        (lambda task: f"{task}" == str(task), True),
        (lambda task: "to {}".format(task) == f"to {task!s}", True),  # noqa: UP032
        (lambda task: (np.array([1, 2]) == task).tolist(), [False, False]),
    ],
)
def test_who_asks_a_task_for_what_its_value_is_is_warned_where_the_question_stands(task, question, answer):
    with pytest.warns(UserWarning, match=r"stands for a call.*bvalue") as told:
        assert question(task) == (task if answer == "itself" else answer)
    assert told[0].filename == __file__ or answer == [False, False]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (lambda task: task == task, True),
        (lambda task: task == Task(abs, 1), False),
        (lambda task: task is None, False),
        (lambda task: task == None, False),  # noqa: E711
        (lambda task: task in [Task(abs, 2), task], True),
        (lambda task: {task: 3}[task], 3),
        (lambda task: len({task, task, Task(abs, 1)}), 2),
    ],
)
def test_identity_is_answered_without_a_word(task, question, answer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert question(task) == answer
