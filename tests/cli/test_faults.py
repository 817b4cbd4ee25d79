"""Faults of the world: every command meets each, says so in one line, and leaves nothing half made."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys

import pytest

JUGFILE = """
from jug import TaskGenerator

@TaskGenerator
def double(x):
    return 2 * x

doubles = [double(i) for i in range(9)]
"""

COMMANDS = {
    "status": (), "execute": (), "check": (), "count": (), "graph": (), "failures": (), "pack": (), "cleanup": (),
    "invalidate": ("--name", "*"), "config": None, "demo": None, "sleep-until": (), "doctor": None,
}  # fmt: skip

FAULTS = [
    "stdout full", "stdout closed", "nobody reads", "folder removed", "no HOME", "few files", "small files",
    "read-only", "mode 000", "store.yaml mode 000", "file for workers",
]  # fmt: skip

ALL = "JUGHPC_TEST_ALL"  # set in the environment, it has all cases run

AS_NOBODY = """
import encodings.cp437, importlib, importlib.metadata, importlib.readers, importlib.resources
import os, pkgutil, sys, zipfile, numpy, jughpc
for module in pkgutil.walk_packages(jughpc.__path__, "jughpc."):
    if "testing" not in module.name and "__main__" not in module.name:
        importlib.import_module(module.name)
os.setgroups([]), os.setgid(65534), os.setuid(65534)
from jughpc.cli.main import main
main()
"""

is_root = os.geteuid() == 0


def argv(command, rest):
    named = [] if rest is None else ["jugfile.py", *rest]
    return [sys.executable, "-m", "jughpc", command, *named]


@pytest.fixture
def place(jughpc):
    (jughpc.cwd / "jugfile.py").write_text(JUGFILE)
    assert jughpc("execute", "jugfile.py").returncode == 0
    return jughpc


def run(place, words, *, stdout=subprocess.PIPE, before=None, as_nobody=False, **environ):
    environment = {**place.environ, **environ}
    environment = {key: value for key, value in environment.items() if value is not None}
    return subprocess.run(
        words, cwd=place.cwd, env=environment, stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        text=True, timeout=60, check=False, preexec_fn=before,
    )  # fmt: skip


def nobody_reads():
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def meet(place, words, fault):
    jugdir = place.cwd / "jugfile.jugdata"
    if fault == "stdout full":
        with open("/dev/full", "w") as full:
            return run(place, words, stdout=full)
    if fault == "stdout closed":
        return run(place, words, stdout=None, before=lambda: os.close(1))
    if fault == "nobody reads":
        writer = nobody_reads()
        try:
            return run(place, words, stdout=writer)
        finally:
            os.close(writer)
    if fault == "folder removed":
        gone = place.cwd / "gone"
        gone.mkdir()
        return run(place, words, before=lambda: (os.chdir(gone), os.rmdir(gone)))
    if fault == "no HOME":
        return run(place, words, HOME=None)
    if fault == "few files":
        return run(place, words, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (7, 7)))
    if fault == "small files":
        shutil.rmtree(jugdir)
        return run(place, words, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)))
    if fault == "file for workers":
        shutil.rmtree(jugdir / "workers")
        (jugdir / "workers").write_text("")
        return run(place, words, JUGHPC_PATIENCE="0")
    doomed = jugdir / "store.yaml" if fault.startswith("store.yaml") else jugdir
    mode = 0o555 if fault == "read-only" else 0
    for path in [*jugdir.rglob("*"), jugdir] if fault == "read-only" else [doomed]:
        path.chmod(mode)
    for path in [place.cwd, *place.cwd.parents]:
        if path.stat().st_uid == os.geteuid() and path.stat().st_mode & 0o777 == 0o700:
            path.chmod(0o711)
    try:
        return run(place, as_somebody(words), JUGHPC_PATIENCE="0")
    finally:
        for path in [doomed, *jugdir.rglob("*")]:
            path.chmod(0o755)


def as_somebody(words):
    """Return the command for a user whom permissions bind; Python itself may lie in root's own home."""
    return [words[0], "-c", AS_NOBODY, *words[3:]] if is_root else words


def pairs():
    """Return each command with each fault; unless all are asked for, some that have every command and every fault."""
    every = [(command, fault) for command in COMMANDS for fault in FAULTS]
    waits = [("sleep-until", fault) for fault in ("small files", "file for workers")]  # for ever, as it is to
    chosen = every if os.environ.get(ALL) else every[:: len(FAULTS) // 2]
    return [pair for pair in chosen if pair not in waits]


@pytest.mark.parametrize(("command", "fault"), pairs())
def test_a_fault_of_the_world_gets_one_line_and_no_traceback(place, command, fault):
    done = meet(place, argv(command, COMMANDS[command]), fault)
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    assert done.returncode in (0, 1, 2, 3), done.stderr
    if done.returncode == 1 and command != "check":
        assert done.stderr.strip() or done.stdout or fault == "nobody reads"


def test_a_worker_whose_reader_has_left_works_on(place):
    shutil.rmtree(place.cwd / "jugfile.jugdata")
    assert meet(place, argv("execute", ()), "nobody reads").returncode == 0
    assert place("check", "jugfile.py").returncode == 0


def test_the_message_names_the_file_the_fault_and_the_next_step(place):
    done = meet(place, argv("status", ()), "stdout full")
    assert done.stderr == (
        "jughpc: standard output: No space left on device; free some space there (df -h, df -i), "
        "then run the command again.\n"
    )


def test_head_ends_a_command_quietly(place):
    done = meet(place, argv("status", ()), "nobody reads")
    assert done.stderr == ""


IN_TROUBLE = """
import os
from pathlib import Path
from jug import TaskGenerator

@TaskGenerator
def double(x):
    for shard in Path("jugfile.jugdata/shards").iterdir():
        shard.rename(f"aside-{shard.name}")
        shard.symlink_to("/proc")
    return 2 * x

only = double(7)
"""


@pytest.mark.parametrize("how", ["execute", "rescue"])
def test_results_that_the_jugdir_does_not_take_are_taken_up_later(jughpc, how):
    """The shard's folder is one in which nobody makes a file, for a while."""
    (jughpc.cwd / "jugfile.py").write_text(IN_TROUBLE)
    (jughpc.cwd / "tmp").mkdir()
    tmp = {"TMPDIR": str(jughpc.cwd / "tmp")}
    done = jughpc("execute", "jugfile.py", "--patience", "1s", **tmp)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    (kept,) = (jughpc.cwd / "tmp").glob("jughpc-rescue-*")
    assert f"jughpc rescue {kept}" in done.stderr
    for aside in jughpc.cwd.glob("aside-*"):
        shard = jughpc.cwd / "jugfile.jugdata" / "shards" / aside.name.removeprefix("aside-")
        shard.unlink()
        aside.rename(shard)
    done = jughpc("rescue", str(kept)) if how == "rescue" else jughpc("execute", "jugfile.py", **tmp)
    assert done.returncode == 0, done.stderr
    assert jughpc("check", "jugfile.py").returncode == 0
    assert not kept.exists()
    assert not list(jughpc.cwd.glob("aside-*"))
