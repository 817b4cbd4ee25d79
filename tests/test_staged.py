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
    places = {"/lib": "whole", "/src": "part"}
    path = ["/here", "/lib", "/usr/lib", "/src"]
    assert redirected(path, "/tmp/x", places) == [
        "/here", "/tmp/x/lib", "/usr/lib", "/tmp/x/src", "/src",
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
def test_an_import_hook_finds_what_was_unpacked_and_all_else_where_it_was(unpacked):
    (unpacked / "hooked" / "tool").mkdir(parents=True)
    (unpacked / ".imports").write_text("hooked /hooked/tool\nbeside /hooked\nbeside /nowhere\n")
    code = """if True:
        import sys, types
        finder = types.ModuleType("__editable___tool_finder")
        finder.MAPPING = {"tool": "/hooked/tool", "more": "/hooked/tool_more", "gone": "/hooked/tool/gone",
            "odd": None}
        sys.modules[finder.__name__] = finder
        from jughpc import staged
        staged.take()
        print(*finder.MAPPING.values(), "/nowhere" in sys.path)
    """
    assert run(unpacked, code) == (f"{unpacked}/hooked/tool /hooked/tool_more /hooked/tool/gone None True\n", 0)


@pytest.mark.local
def test_the_last_element_on_the_node_removes_it(unpacked):
    assert run(unpacked) == (f"{unpacked}/nowhere/one.py\n", 0)
    assert list(unpacked.parent.iterdir()) == []


@pytest.mark.local
def test_it_goes_too_where_a_worker_ends_in_spite_of_threads(unpacked):
    held = "import threading; threading.Thread(target=threading.Event().wait).start(); "
    end = "from jughpc.worker.surroundings import end_in_spite_of_threads; end_in_spite_of_threads(7, print, 0.0)"
    assert run(unpacked, TAKE + held + end)[1] == 7
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
