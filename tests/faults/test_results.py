"""Faults of jug's by which results are wrong or lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Jughpc = Callable[..., CompletedProcess[str]]

TWO = """
from jug import TaskGenerator

@TaskGenerator
def spread(n):
    return list(range(n))

@TaskGenerator
def count(numbers):
    return len(numbers)

numbers = spread(1000)
many = count(numbers)
"""


def test_calls_with_nested_containers_get_results_of_their_own(jughpc: Jughpc, folder: Path) -> None:
    calls = "[[1], 2], [[1, 2]], [(1,), 2], [(1, 2)], [[1], 2, 3], [[1, 2], 3], [[[1], 2]], [[[1, 2]]]"
    (folder / "nested.py").write_text(
        f"from jug import Task, TaskGenerator\ncalls = [{calls}]\n"
        "@TaskGenerator\ndef words(*args): return repr(args)\ntasks = [words(*args) for args in calls]\n"
    )
    (folder / "reduce.py").write_text("print(value(tasks) == [repr(tuple(args)) for args in calls])")
    assert "Executed:  8 tasks" in jughpc("execute", "nested.py", "--short").stdout
    assert jughpc("reduce", "nested.py", "--script", "reduce.py").stdout == "True\n"


def test_a_function_never_gets_a_task_that_an_object_hides(jughpc: Jughpc, folder: Path) -> None:
    text = "from jug import Task\nclass Box: pass\nbox = Box()\nbox.task = Task(abs, -1)\nTask(print, box)\n"
    (folder / "hidden.py").write_text(text)
    done = jughpc("execute", "hidden.py")
    words = "print was called with Task: builtins.abs() inside a hidden.Box, where no task is replaced by its value"
    assert (done.returncode, words in done.stderr, "Traceback" in done.stderr, done.stdout) == (2, True, False, "")


def test_two_functions_of_one_name_do_not_share_results(jughpc: Jughpc, folder: Path) -> None:
    twice = "@TaskGenerator\ndef f(x): return x + {0}\nt{0} = f(1)\n"
    (folder / "twice.py").write_text("from jug import TaskGenerator\n" + twice.format(1) + twice.format(100))
    done = jughpc("execute", "twice.py")
    assert (done.returncode, "twice.f is defined twice" in done.stderr) == (2, True)
    assert f"{folder}/twice.py:2 and {folder}/twice.py:5" in done.stderr
    told = (folder / "twice.py").read_text().replace("@TaskGenerator", "@TaskGenerator(version='2')", 1)
    (folder / "twice.py").write_text(told)
    (folder / "reduce.py").write_text("print(value([t1, t100]))")
    assert jughpc("execute", "twice.py").returncode == 0
    assert jughpc("reduce", "twice.py", "--script", "reduce.py").stdout == "[2, 101]\n"


HARM: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "overwritten": lambda data: data[:-9] + b"?" * 9,
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_a_damaged_result_file_is_never_a_result(jughpc: Jughpc, folder: Path, harm: Callable[[bytes], bytes]) -> None:
    (folder / "two.py").write_text(TWO)
    (folder / "reduce.py").write_text("print(value(many))")
    jughpc("execute", "two.py")
    for path in folder.glob("two.jugdata/shards/*/*"):
        path.write_bytes(harm(path.read_bytes()))
    damaged = jughpc("reduce", "two.py", "--script", "reduce.py")
    assert ("is damaged" in damaged.stderr, damaged.returncode) == (True, 2)
    jughpc("execute", "two.py")
    assert jughpc("reduce", "two.py", "--script", "reduce.py").stdout == "1000\n"


def test_a_result_file_removed_by_hand_is_computed_again_once_it_is_missed(jughpc: Jughpc, folder: Path) -> None:
    (folder / "two.py").write_text(TWO)
    (folder / "reduce.py").write_text("print(value(many))")
    jughpc("execute", "two.py")
    for path in folder.glob("two.jugdata/shards/*/*"):
        path.unlink()
    missed = jughpc("reduce", "two.py", "--script", "reduce.py")
    assert ("there is no result for task" in missed.stderr, missed.returncode) == (True, 2)
    assert "Executed:  2 tasks" in jughpc("execute", "two.py", "--short").stdout
    assert jughpc("reduce", "two.py", "--script", "reduce.py").stdout == "1000\n"
