"""Helpers for jugfiles."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from jughpc.library.utils import (
    CustomHash,
    cached_glob,
    glob_sort,
    hash_with_mtime_size,
    identity,
    jug_execute,
    sync_move,
    timed_path,
)
from jughpc.tasks.task import Task, alltasks, dependencies_of
from jughpc.tasks.tasklet import value
from tests.tasks.conftest import Memory


def same(x: Any) -> Any:
    return x


def digest(thing: object) -> bytes:
    return Task(same, thing).digest


def test_identity_makes_a_task_of_a_value(memory: Memory) -> None:
    task = identity([1, 2])
    assert task.name == "identity"
    assert task.run() == [1, 2]
    assert task.digest == identity([1, 2]).digest != identity([1, 3]).digest


def test_identity_leaves_tasks_and_tasklets_as_they_are() -> None:
    task = Task(same, [1])
    tasklet = task[0]
    assert identity(task) is task
    assert identity(tasklet) is tasklet


def test_identity_orders_tasks(memory: Memory) -> None:
    first = Task(same, "token")
    first.run()
    ordered = identity(["value", first])
    ordered.run()
    assert ordered[0].value() == "value"


def test_a_timed_path_counts_with_its_files_time_and_size(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("abc")
    os.utime(path, ns=(0, 10**18))
    before = digest(timed_path(path))
    assert digest(timed_path(path)) == before
    os.utime(path, ns=(0, 10**18 + 1))
    later = digest(timed_path(path))
    path.write_text("abcd")
    os.utime(path, ns=(0, 10**18))
    assert len({before, later, digest(timed_path(path))}) == 3


def test_a_timed_path_is_the_path_to_the_function() -> None:
    assert value(timed_path("some/where")) == "some/where"


def test_a_timed_path_without_a_file_is_an_error_when_it_is_digested() -> None:
    path = timed_path("no such file")
    with pytest.raises(FileNotFoundError, match="no such file"):
        digest(path)
    with pytest.raises(FileNotFoundError):
        hash_with_mtime_size("no such file")


def test_a_custom_hash_alone_tells_calls_apart(memory: Memory) -> None:
    even = [CustomHash(i, lambda number: b"even" if number % 2 == 0 else b"odd") for i in range(3)]
    assert digest(even[0]) == digest(even[2]) != digest(even[1])
    assert value(even[2]) == 2


def test_a_custom_hash_depends_on_what_it_holds(memory: Memory) -> None:
    task = Task(same, 3)
    wrapped = CustomHash([task], lambda _: b"h")
    assert list(dependencies_of(wrapped)) == [task]
    task.run()
    assert value(wrapped) == [3]


def test_a_command_runs_as_a_task(tmp_path: Path, memory: Memory) -> None:
    task = jug_execute(["touch", str(tmp_path / "made")], return_value="done")
    assert task.name == "jug.utils.jug_execute"
    assert task.run() == "done"
    assert (tmp_path / "made").exists()


def test_a_command_that_fails_is_an_error_unless_it_may(memory: Memory) -> None:
    with pytest.raises(SystemError, match=r"Command \['false'\] failed with exit code 1"):
        jug_execute(["false"]).run()
    assert jug_execute(["false"], check_exit=False).run() is None


def test_a_command_may_have_to_run_after_a_task(memory: Memory) -> None:
    before = Task(same, 1)
    assert not jug_execute(["true"], run_after=before).can_run()


def test_a_glob_is_sorted_and_looked_for_once(tmp_path: Path, memory: Memory) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / name).touch()
    expected = [str(tmp_path / name) for name in "abc"]
    assert glob_sort(f"{tmp_path}/*") == cached_glob(f"{tmp_path}/*") == expected
    (tmp_path / "d").touch()
    assert cached_glob(f"{tmp_path}/*") == expected
    assert alltasks[0].name == "jug.utils.glob_sort"


def test_a_file_is_moved_over_another(tmp_path: Path) -> None:
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    sync_move(tmp_path / "new", str(tmp_path / "old"))
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert (tmp_path / "old").read_text() == "new"
