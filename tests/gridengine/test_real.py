"""A real Grid Engine, from Debian's packages, of one node on this machine."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.cluster

LAB = Path(__file__).parents[1] / "lab" / "gridengine"
PACKAGES = Path("/var/cache/jughpc-gridengine")
JUGHPC = shlex.join([sys.executable, "-m", "jughpc"])

SHORT = """
from jug import TaskGenerator

@TaskGenerator
def double(x):
    return 2 * x

doubled = [double(n) for n in range(20)]
"""
SUM = "print('sum', sum(map(value, doubled)))\n"
LONG = """
from time import sleep

from jug import TaskGenerator

@TaskGenerator
def wait(n):
    while True:
        sleep(1)

waiting = [wait(n) for n in range(9)]
"""
SESSION = f"""
set -e
has() {{ qstat -s "$1" | grep -q .; }}
until_() {{ until "$@"; do sleep 0.2; done; }}
none() {{ ! qstat -s pr | grep -q .; }}

{JUGHPC} submit short.py --array 3 --cpus 1 --time 10m --reduce sum.py --wait >reduced
{JUGHPC} status short.py --json >short.json
{JUGHPC} submit long.py --array 9 --throttle 2
until_ has r
{JUGHPC} status long.py --json >working.json || true  # it tells that not all is done
{JUGHPC} cancel long.py >cancelled
until_ none
{JUGHPC} cancel long.py >cancelled-twice 2>&1 || true
qstat -s z >ended
"""


@pytest.fixture(scope="module")
def session(with_package, tmp_path_factory) -> Path:
    """Return the folder in which somebody has submitted and cancelled, with what was printed."""
    if os.geteuid() != 0 or not list(PACKAGES.glob("*.deb")):
        pytest.skip(f"needs root, and {LAB / 'ge-fetch'} {PACKAGES}, where this Debian has Grid Engine")
    folder = tmp_path_factory.mktemp("o'neil & co")
    for name, text in {
        "short.py": SHORT,
        "long.py": LONG,
        "sum.py": "print('sum', sum(map(value, doubled)))\n",
    }.items():
        (folder / name).write_text(text)
    cell = tmp_path_factory.mktemp("cell")
    argv = [str(LAB / "ge-run"), str(PACKAGES), str(cell), "bash", "-c", SESSION]
    done = subprocess.run(argv, cwd=folder, env=with_package, capture_output=True, text=True, check=False, timeout=600)
    boot = cell / "log" / "boot"
    assert done.returncode == 0, done.stdout + done.stderr + (boot.read_text() if boot.exists() else "")
    return folder


def told(session: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((session / name).read_text())
    return found


def test_a_jugfile_is_submitted_computed_and_reduced_there(session):
    assert "\nsum 380\n" in (session / "reduced").read_text()
    status = told(session, "short.json")
    assert status["tasks"]["complete"] == 20
    assert {role: follower["state"] for role, follower in status["submission"]["followers"].items()} == {
        "collect": "done", "reduce": "done",
    }  # fmt: skip


def test_each_element_writes_a_log_of_its_own_though_the_path_is_an_odd_one(session):
    logs = session / "short.jugdata" / "submissions" / "1" / "logs"
    names = {path.name for path in logs.iterdir()}
    assert {"array-1.log", "array-2.log", "array-3.log", "collect.log", "reduce.log"} <= names


def test_no_more_elements_run_than_the_throttle_lets(session):
    elements = told(session, "working.json")["submission"]["elements"]
    assert 1 <= elements["running"] <= 2
    assert elements["running"] + elements["queued"] == 9


def test_a_cancel_ends_all_that_waits_and_all_that_runs_and_may_be_said_twice(session):
    assert "cancelled array" in (session / "cancelled").read_text()
    assert "exited with" not in (session / "cancelled").read_text() + (session / "cancelled-twice").read_text()
    assert (session / "ended").read_text().count(" z ") >= 2
