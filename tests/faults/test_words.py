"""Faults of jug's in what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

Jughpc = Callable[..., CompletedProcess[str]]


def test_a_type_error_in_a_jugfile_is_the_users_own_and_no_usage_text(jughpc: Jughpc, folder: Path) -> None:
    (folder / "typo.py").write_text("def f(x):\n    return x + 'a'\n\nf(1)\n")
    done = jughpc("status", "typo.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "TypeError: unsupported operand" in done.stderr
    assert ("line 2, in f" in done.stderr, "usage" in done.stderr.lower()) == (True, False)


def test_a_wrong_keyword_of_a_task_is_told_with_the_functions_name(jughpc: Jughpc, folder: Path) -> None:
    (folder / "typo.py").write_text("from jug import Task\ndef f(x): return x\nt = Task(f, y=1)\n")
    done = jughpc("execute", "typo.py")
    assert (done.returncode, "subcommand" in done.stderr) == (1, False)
    assert "f() got an unexpected keyword argument 'y'" in done.stderr


def test_an_unknown_option_takes_two_lines_not_forty(jughpc: Jughpc, folder: Path) -> None:
    done = jughpc("execute", "--no-such-option")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)


def test_a_status_from_the_cache_is_that_of_the_jugfile_named_as_it_is_now(jughpc: Jughpc, folder: Path) -> None:
    for name, number in (("one", 1), ("two", 2)):
        (folder / f"{name}.py").write_text(f"from jug import Task\nts = [Task(abs, -i) for i in range({number})]\n")
        jughpc("execute", f"{name}.py")
    for name, number in (("one", 1), ("two", 2)):
        short = jughpc("status", f"{name}.py", "--cache", "--short").stdout
        assert short == f"All tasks complete ({number} tasks).\n"
    jughpc("invalidate", "one.py", "--name", "abs")
    assert jughpc("status", "one.py", "--cache", "--short").stdout.startswith("1 tasks waiting")


def test_nobody_is_asked_to_cite(jughpc: Jughpc, folder: Path) -> None:
    (folder / "one.py").write_text("from jug import Task\nt = Task(abs, -1)\n")
    done = jughpc("execute", "one.py")
    assert "cite" not in (done.stdout + done.stderr).lower()
