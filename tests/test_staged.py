"""What a worker imports from once it was unpacked on its node, and who removes that."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys

import pytest

from jughpc.staged import LOCK, WHERE, redirected

TAKE = "from jughpc import staged; staged.take(); import one; print(one.__file__); "


def test_what_was_unpacked_comes_in_the_place_of_what_it_was_packed_from():
    places = {"/lib": "whole", "/src": "part", "/hooked": "new"}
    path = ["/here", "/lib", "/usr/lib", "/src"]
    assert redirected(path, "/tmp/x", places) == [
        "/here", "/tmp/x/lib", "/usr/lib", "/tmp/x/src", "/src", "/tmp/x/hooked",
    ]  # fmt: skip


@pytest.fixture
def unpacked(tmp_path):
    """Return where a module `one` was unpacked, which was packed from /nowhere."""
    root = tmp_path / "own" / "0123"
    (root / "nowhere").mkdir(parents=True)
    root.parent.chmod(0o700)
    (root / "nowhere" / "one.py").write_text("")
    (root / ".imports").write_text("whole /nowhere\n")
    (root.parent / "0123.lock").touch()
    return root


def run(root, code=TAKE):
    """Return what Python does that has /nowhere on its path, and a shared lock, as a script leaves it."""
    with open(f"{root}.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        env = {**os.environ, "PYTHONPATH": "/nowhere", WHERE: str(root), LOCK: str(lock.fileno())}
        python = subprocess.Popen(
            [sys.executable, "-c", code], env=env, pass_fds=[lock.fileno()], text=True, stdout=subprocess.PIPE
        )
    return python.communicate(timeout=120)[0], python.returncode  # the lock is the process's alone by now


@pytest.mark.local
def test_the_last_element_on_the_node_removes_it(unpacked):
    assert run(unpacked) == (f"{unpacked}/nowhere/one.py\n", 0)
    assert list(unpacked.parent.iterdir()) == []


@pytest.mark.local
def test_it_stays_while_another_element_uses_it(unpacked):
    with open(f"{unpacked}.lock") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert run(unpacked)[1] == 0
    assert sorted(path.name for path in unpacked.parent.iterdir()) == ["0123", "0123.lock"]


@pytest.mark.local
def test_a_child_of_a_task_does_not_remove_it(unpacked):
    look = f"import os; os.fork() and (os.wait(), print(os.path.isdir({str(unpacked)!r})))"
    assert run(unpacked, TAKE + look)[0].endswith("True\n")


@pytest.mark.local
def test_what_others_may_write_to_is_passed_over(unpacked):
    unpacked.parent.chmod(0o770)
    assert run(unpacked, TAKE)[1] == 1
    assert unpacked.is_dir()
