"""What a look at a process tells, and what it does not; under every way to hide processes that this kernel has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from jughpc import host
from jughpc.host import Process, Sight

STRANGER = "nobody"

LOOK = """
import sys
from jughpc import host
from jughpc.host import Process
pid, start = map(int, sys.argv[1:3])
print(host.sight(Process(pid, start), sys.argv[3]).name)
"""


@pytest.fixture
def child():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def gone() -> Process:
    ended = subprocess.Popen(["true"])
    process = host.process(ended.pid)
    ended.wait()
    return process


def test_a_process_of_ones_own_is_seen_while_it_runs(child):
    assert host.sight(host.process(child.pid), host.user()) is Sight.ALIVE


def test_a_process_of_ones_own_that_ended_is_gone():
    assert host.sight(gone(), host.user()) is Sight.GONE


def test_a_later_process_with_the_same_pid_is_another(child):
    process = host.process(child.pid)
    assert host.sight(process._replace(start=process.start - 1), STRANGER) is Sight.GONE


@pytest.mark.parametrize("hidepid", [0, 1, 2, 4])
def test_who_may_not_see_a_strangers_process_does_not_take_it_for_gone(child, hidepid):
    """Look, as another user and under each mount option, at a process that runs and at one that ended."""
    as_nobody = _as_nobody(hidepid)
    alive, ended = host.process(child.pid), gone()
    seen = [_look(as_nobody, process, host.user()) for process in (alive, ended)]
    assert seen == (["ALIVE", "GONE"] if hidepid == 0 else ["HIDDEN", "HIDDEN"])


@pytest.mark.parametrize("hidepid", [1, 2])
def test_who_may_not_see_others_still_knows_of_its_own(hidepid):
    assert _look(_as_nobody(hidepid), gone(), STRANGER) == "GONE"


def _as_nobody(hidepid: int) -> list[str]:
    """Return what leads a command that is to be run by another user, with /proc mounted anew."""
    tools = shutil.which("unshare") and shutil.which("setpriv")
    if os.geteuid() != 0 or not tools:
        pytest.skip("needs root, unshare and setpriv, to look as another user")
    nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups"
    script = f'mount -t proc -o hidepid={hidepid} proc /proc && exec {nobody} "$@"'
    argv = ["unshare", "--mount", "sh", "-c", script, "sh"]
    if subprocess.run([*argv, "true"], capture_output=True, check=False).returncode:
        pytest.skip(f"this kernel does not mount /proc with hidepid={hidepid} here")
    return argv


def _look(as_nobody: list[str], process: Process, user: str) -> str:
    argv = [*as_nobody, sys.executable, "-c", LOOK, str(process.pid), str(process.start), user]
    environ = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}  # not its to write
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/", env=environ)
    if "Permission denied" in done.stderr or "ModuleNotFoundError" in done.stderr:
        pytest.skip("another user cannot run this interpreter")
    assert not done.stderr
    return done.stdout.strip()


def test_a_pid_that_nobody_has_is_no_process_that_lives():
    assert not host.alive(host.process(gone().pid))
