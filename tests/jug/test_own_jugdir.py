"""A jugfile may choose its jugdir itself; every command then works there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.local

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]

TASKS = """
@TaskGenerator
def double(x):
    return 2 * x

one = double(1)
two = double(one)
"""


@pytest.fixture
def jughpc(tmp_path: Path) -> Run:
    """Return what runs a command beside `chooses.py`, whose first lines it is given."""
    environ = {**os.environ, "HOME": str(tmp_path)}

    def run(*argv: str, chooses: str) -> Done:
        (tmp_path / "chooses.py").write_text(f"from jug import *\n{chooses}\n{TASKS}")
        command = [sys.executable, "-W", "error", "-m", "jughpc", *argv]
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    return run


def test_every_command_works_in_the_jugdir_that_the_jugfile_chooses(jughpc: Run, tmp_path: Path) -> None:
    chooses = "set_jugdir('there')"
    assert jughpc("status", "chooses.py", chooses=chooses).returncode == 1
    assert not (tmp_path / "there").exists()
    assert "Executed:  2 tasks" in jughpc("execute", "chooses.py", "--short", chooses=chooses).stdout
    assert jughpc("check", "chooses.py", chooses=chooses).returncode == 0
    assert "All tasks complete (2 tasks)." in jughpc("status", "--short", chooses=chooses).stdout
    assert "2  Total" in jughpc("invalidate", "--name", "double", chooses=chooses).stdout
    assert "Executed:  2 tasks" in jughpc("execute", "--short", chooses=chooses).stdout
    assert "Removed 0 objects" in jughpc("cleanup", chooses=chooses).stdout
    assert {path.name for path in tmp_path.iterdir()} == {"chooses.py", "there", ".jughpc"}


def test_the_jugfiles_choice_goes_before_the_command_lines(jughpc: Run, tmp_path: Path) -> None:
    chooses = "from jug.options import set_jugdir\nset_jugdir('there')"
    jughpc("execute", "chooses.py", "--jugdir", "elsewhere", chooses=chooses)
    assert ((tmp_path / "there").is_dir(), (tmp_path / "elsewhere").exists()) == (True, False)


def test_behind_a_barrier_the_same_store_goes_on(jughpc: Run) -> None:
    for chooses in ("set_jugdir('there')", "set_jugdir('dict_store')"):
        wanted = f"{chooses}\nfirst = Task(abs, -1)\nbarrier()"
        assert "Executed:  3 tasks" in jughpc("execute", "chooses.py", "--short", chooses=wanted).stdout


def test_a_store_in_memory_of_the_jugfiles_own_serves_one_process(jughpc: Run, tmp_path: Path) -> None:
    done = jughpc("execute", "chooses.py", "--short", chooses="set_jugdir(dict_store.dict_store())")
    assert "Executed:  2 tasks" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"chooses.py", ".jughpc"}


def test_a_store_in_memory_that_is_made_anew_at_each_load_is_refused_behind_a_barrier(jughpc: Run) -> None:
    chooses = "set_jugdir(dict_store.dict_store())\nfirst = Task(abs, -1)\nbarrier()"
    done = jughpc("execute", "chooses.py", chooses=chooses)
    assert (done.returncode, "set_jugdir('dict_store')" in done.stderr) == (2, True)


def test_a_store_that_workers_cannot_share_is_refused_in_words(jughpc: Run) -> None:
    done = jughpc("status", "chooses.py", chooses="set_jugdir(object())")
    assert (done.returncode, "chooses a store of its own" in done.stderr) == (2, True)


def test_a_choice_hidden_in_an_imported_module_is_told_how_to_be_made(jughpc: Run, tmp_path: Path) -> None:
    (tmp_path / "settings_of_mine.py").write_text("import jug\njug.set_jugdir('there')\n")
    done = jughpc("execute", "chooses.py", chooses="import settings_of_mine")
    assert (done.returncode, "--jugdir there" in done.stderr) == (2, True)
    for there in ("there", str(tmp_path / "there")):
        assert jughpc("execute", "chooses.py", "--jugdir", there, chooses="import settings_of_mine").returncode == 0


def test_a_jugfile_may_open_another_one_in_the_same_jugdir(jughpc: Run, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("from jug import Task\nthree = Task(abs, -3)\n")
    chooses = "import jug\n_, names = jug.init('other.py', 'there')\nfour = Task(abs, names['three'])"
    assert "Executed:  4 tasks" in jughpc("execute", "chooses.py", "--short", chooses=chooses).stdout


def test_submit_queues_workers_for_that_jugdir(jughpc: Run, tmp_path: Path) -> None:
    argv = ("submit", "chooses.py", "--array", "2", "--scheduler", "local", "--dry-run")
    assert f"--jugdir {tmp_path}/there" in jughpc(*argv, chooses="set_jugdir('there')").stdout
    assert not (tmp_path / "there").exists()
