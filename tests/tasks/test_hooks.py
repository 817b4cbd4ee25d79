"""Hooks are called at their points, and can end a worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jughpc.library import exit_checks
from jughpc.library.timing import register_time_tasks
from jughpc.tasks import hooks
from jughpc.tasks.task import Task

EXECUTED, BEFORE = hooks.TASK_EXECUTED, hooks.TASK_PRE_EXECUTE


class StillClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    uptime = wall = now

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def f(x: Any = None) -> Any:
    return x


def after_a_task(task: Any = None) -> None:
    hooks.jug_hook(EXECUTED, (task,))


def test_hooks_are_called_in_order_and_their_results_returned() -> None:
    hooks.register_hook(EXECUTED, lambda task: ("first", task))
    hooks.register_hook(EXECUTED, lambda task: ("second", task))
    assert hooks.jug_hook(EXECUTED, ("t",)) == [("first", "t"), ("second", "t")]
    assert hooks.jug_hook(BEFORE, ("t",)) == []


def test_hooks_may_take_keywords() -> None:
    hooks.register_hook(EXECUTED, lambda **words: words)
    assert hooks.jug_hook(EXECUTED, kwargs={"a": 1}) == [{"a": 1}]


def test_a_hook_may_be_registered_by_a_decorator() -> None:
    @hooks.register_hook(BEFORE)
    def hook(task: Any) -> str:
        return "called"

    assert hook(None) == "called"
    assert hooks.jug_hook(BEFORE, (None,)) == ["called"]


@pytest.mark.parametrize(
    "name",
    [
        "execute.task-loadable",
        "execute.task-pre-execute",
        "execute.task-executed1",
        "execute.finished_pre_status",
        "execute.finished_post_status",
    ],
)
def test_jugs_names_are_known(name: str) -> None:
    hooks.register_hook(name, lambda: name)
    assert hooks.jug_hook(name) == [name]


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match=r"'execute.nothing'.*execute.task-loadable"):
        hooks.register_hook("execute.nothing", f)


def test_a_hook_registered_again_under_its_key_is_called_once() -> None:
    for _ in range(2):
        hooks.register_hook_once(EXECUTED, "key", f)
    hooks.register_hook_once(BEFORE, "key", f)
    assert hooks.jug_hook(EXECUTED, (1,)) == [1]
    assert hooks.jug_hook(BEFORE, (2,)) == [2]


def test_hooks_can_be_forgotten() -> None:
    hooks.register_hook_once(EXECUTED, "key", f)
    hooks.reset_all_hooks()
    assert hooks.jug_hook(EXECUTED) == []
    hooks.register_hook_once(EXECUTED, "key", f)
    assert hooks.jug_hook(EXECUTED) == [None]


def test_a_worker_ends_after_so_many_tasks_counted_from_the_first_registration() -> None:
    exit_checks.exit_after_n_tasks(2)
    after_a_task()
    exit_checks.exit_after_n_tasks(2)
    with pytest.raises(hooks.StopWorker) as stop:
        after_a_task()
    assert stop.value.code == 0


def test_a_worker_ends_after_the_first_task_past_a_time_counted_from_the_first_registration() -> None:
    clock = StillClock()
    exit_checks.exit_after_time(hours=1, minutes=1, seconds=1, clock=clock)
    clock.sleep(3660)
    exit_checks.exit_after_time(hours=1, minutes=1, seconds=1, clock=clock)
    after_a_task()
    clock.sleep(1)
    with pytest.raises(hooks.StopWorker):
        after_a_task()


def test_a_worker_ends_before_a_task_a_second_after_a_file_is_there(tmp_path: Path) -> None:
    clock = StillClock()
    exit_checks.exit_if_file_exists(str(tmp_path / "stop"), clock)
    hooks.jug_hook(BEFORE, (None,))
    (tmp_path / "stop").touch()
    clock.sleep(1)
    with pytest.raises(hooks.StopWorker):
        hooks.jug_hook(BEFORE, (None,))


def test_a_worker_ends_when_a_function_says_so() -> None:
    answers = iter([False, True])
    exit_checks.exit_when_true(lambda: next(answers))
    after_a_task()
    with pytest.raises(hooks.StopWorker):
        after_a_task()


def test_the_function_that_ends_a_worker_may_see_the_task() -> None:
    exit_checks.exit_when_true(lambda task: task.args == (2,), function_takes_Task=True)
    after_a_task(Task(f, 1))
    with pytest.raises(hooks.StopWorker):
        after_a_task(Task(f, 2))


def test_the_environment_sets_what_ends_a_worker(tmp_path: Path) -> None:
    exit_checks.exit_env_vars({"JUG_MAX_TASKS": "1", "JUG_EXIT_IF_FILE_EXISTS": str(tmp_path)})
    with pytest.raises(hooks.StopWorker):
        after_a_task()
    with pytest.raises(hooks.StopWorker):
        hooks.jug_hook(BEFORE, (None,))


@pytest.mark.parametrize("unit", ["HOURS", "MINUTES", "SECONDS"])
def test_the_environment_sets_a_time(unit: str) -> None:
    exit_checks.exit_env_vars({f"JUG_MAX_{unit}": "-1"})
    with pytest.raises(hooks.StopWorker):
        after_a_task()


def test_without_variables_nothing_ends_a_worker() -> None:
    exit_checks.exit_env_vars({})
    assert hooks.jug_hook(EXECUTED, (None,)) == hooks.jug_hook(BEFORE, (None,)) == []


def test_a_variable_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="JUG_MAX_MINUTES is 'soon'"):  # as jug has it
        exit_checks.exit_env_vars({"JUG_MAX_MINUTES": "soon"})


def test_times_are_printed_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    clock = StillClock()
    register_time_tasks(clock)
    register_time_tasks(clock)
    for seconds in (1, 3):
        task = Task(f, seconds)
        hooks.jug_hook(BEFORE, (task,))
        clock.sleep(seconds)
        after_a_task(task)
    hooks.jug_hook(hooks.FINISHED_POST_STATUS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["Mean", "time", "[s]", "Count", "Task", "name"]
    assert lines[2].split() == ["2.000", "2", f"{__name__}.f"]
