"""SECURITY.md tells which commands run the jugfile: these do, and the others do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "SECURITY.md").read_text()
RUN = re.findall(r"`([a-z-]+)`", re.search(r"^\| (`execute`[^;]*); .* \| the jugfile \|$", PAGE, re.MULTILINE)[1])
RUN_NOTHING = re.findall(r"`([a-z-]+)`", re.search(r"^(`config`.*) run neither", PAGE, re.MULTILINE)[1])
NEVER = ["cancel", "submissions", "pack", *RUN_NOTHING]

JUGFILE = "from pathlib import Path\nfrom jug import Task\nPath('ran').touch()\nxs = [Task(abs, n) for n in range(3)]\n"
WORDS = {
    "explain": ["abs(1)", "sums.py"],
    "invalidate": ["sums.py", "--name", "abs"],
    "submit": ["sums.py", "--dry-run", "--scheduler", "local"],
    "reduce": ["sums.py", "--script", "show.py"],
    "web": ["sums.py", "--export", "kept"],
    "repair": ["sums.jugdata"],
    "doctor": ["--scheduler", "local"],
    "config": [],
    "trust": [],
    "demo": [],
}


@pytest.fixture
def folder(jughpc):
    """Return a folder with a jugfile that leaves a mark when it is run, and all its results."""
    jughpc.write("sums.py", JUGFILE)
    jughpc.write("show.py", "")
    assert jughpc("execute", "sums.py").returncode == 0
    (jughpc.cwd / "ran").unlink()
    return jughpc


def has_run(folder, name):
    folder(name, *WORDS.get(name, ["sums.py"]))
    return (folder.cwd / "ran").exists()


@pytest.mark.parametrize("name", [name for name in RUN if name != "webstatus"])  # which ends by Ctrl-C alone
def test_a_command_that_is_said_to_run_the_jugfile_does(folder, name):
    assert has_run(folder, name)


@pytest.mark.parametrize("name", NEVER)
def test_a_command_that_is_said_not_to_run_the_jugfile_does_not(folder, name):
    assert not has_run(folder, name)


def test_a_look_that_is_cached_runs_no_jugfile(folder):
    folder("status", "sums.py", "--cached")
    assert not (folder.cwd / "ran").exists()
