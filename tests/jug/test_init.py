"""A script of one's own can open a jugfile and its results."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import jughpc

PRIMES = """
from jug import TaskGenerator

@TaskGenerator
def is_prime(n):
    return all(n % d for d in range(2, n))

primes = [is_prime(n) for n in range(2, 8)]
"""

SCRIPT = """
import jughpc
store, names = jughpc.init("primes.py", "results")
import jug
for task in names["primes"]:
    if not task.can_load():
        print(task, task.run())
print(jug.value(names["primes"]), jug.is_jug_running())
"""


def test_a_script_runs_and_reads_the_tasks_of_a_jugfile(tmp_path: Path) -> None:
    (tmp_path / "primes.py").write_text(PRIMES)
    (tmp_path / "script.py").write_text(SCRIPT)

    def run() -> list[str]:
        command = [sys.executable, "script.py"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.splitlines()

    values = "[True, True, False, True, False, True] False"
    assert run() == [*(f"Task: primes.is_prime() {n in (2, 3, 5, 7)}" for n in range(2, 8)), values]
    assert run() == [values]
    assert (tmp_path / "results").is_dir()


def test_a_jugfile_that_raises_can_be_looked_into(tmp_path: Path) -> None:
    os.chdir(tmp_path)
    (tmp_path / "broken.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        jughpc.init("broken.py", "dict_store", on_error="propagate")
    with pytest.raises(SystemExit, match="ZeroDivisionError"):
        jughpc.init("broken.py", "dict_store")


@pytest.mark.parametrize("on_error", ["exit", "propagate"])
@pytest.mark.parametrize("code", [None, 0, 3, "enough"])
def test_a_jugfile_that_ends_the_process_ends_the_script_with_its_own_code(
    tmp_path: Path, code: object, on_error: str
) -> None:
    os.chdir(tmp_path)
    (tmp_path / "ends.py").write_text(f"import sys\nsys.exit({code!r})\n")
    with pytest.raises(SystemExit) as ended:
        jughpc.init("ends.py", "dict_store", on_error=on_error)
    assert ended.value.code == code


def test_a_store_of_ones_own_is_used_as_it_is() -> None:
    store = object()
    assert jughpc.set_jugdir(store) is store
    assert jughpc.Task.store is store


def test_a_command_tells_that_it_runs() -> None:
    lines = ["import jughpc", "from jughpc.tasks import running", "print(jughpc.is_jug_running())"]
    code = "\n".join([*lines, "running.enter('execute')", lines[-1]])
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["False", "True"]
