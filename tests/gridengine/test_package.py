"""What another package adds by an entry point alone is there as if it were ours, and passes the contract."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest

from tests.gridengine.conftest import EXAMPLE
from tests.packaged import run_tests

pytestmark = pytest.mark.local


@pytest.fixture
def typed(with_package, tmp_path):
    """Return what runs `jughpc ...` on a host that has the commands of a Grid Engine, which tells its limits."""
    (tmp_path / "bin").mkdir()
    told = json.loads((EXAMPLE / "tests" / "recorded" / "qconf.json").read_text())["stdout"]
    for name, words in (("qsub", "false"), ("qconf", f"echo {shlex.quote(told)}")):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{words}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "twice.py").write_text("from jug import Task\nxs = [Task(abs, n) for n in range(4)]\n")
    env = with_package | {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        argv = (sys.executable, "-m", "jughpc", *argv)
        return subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    return run


def test_its_own_tests_pass_as_whoever_copies_it_runs_them(with_package, tmp_path):
    done = run_tests(EXAMPLE, with_package, tmp_path)
    assert (done.returncode, " passed" in done.stdout, "skipped" in done.stdout) == (0, True, False), done.stdout


def test_it_is_taken_where_it_is_and_pbs_is_not(typed):
    done = typed("submit", "twice.py", "--array", "3", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "scheduler  gridengine (max_aj_instances 2000, max_aj_tasks 75000" in done.stdout
    assert "\n#$ -N twice-" in done.stdout


def test_a_name_that_is_none_is_refused_with_all_that_are(typed):
    done = typed("submit", "twice.py", "--scheduler", "none")
    assert (done.returncode, "slurm, pbs, lsf, flux, local, gridengine" in done.stderr) == (2, True)
