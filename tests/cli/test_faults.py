"""Faults of the world: every command meets each, says so in one line, and leaves nothing half made."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from jughpc.cli.main import _COMMANDS

from .machine_faults import FAULTS, full_stdout, no_reader

COMMANDS = {
    "status": "jugfile.py", "execute": "jugfile.py more", "check": "jugfile.py", "count": "jugfile.py",
    "graph": "jugfile.py --file-format dot", "failures": "jugfile.py", "pack": "jugfile.py",
    "cleanup": "jugfile.py --locks-only", "invalidate": "jugfile.py --name *", "config": "", "demo": "",
    "sleep-until": "jugfile.py", "doctor": "--jugdir jugfile.jugdata", "trust": ".",
    "submit": "jugfile.py more --scheduler local", "cancel": "jugfile.py", "collect": "jugfile.py --submission 1",
    "reduce": "jugfile.py --script reduce.py", "submissions": "jugfile.py", "nodes": "jugfile.py",
    "resubmit": "jugfile.py more", "webstatus": "jugfile.py --port 0", "shell": "jugfile.py", "rescue": "held",
    "import-jug": "jugfile.py old.jugdata", "repair": "jugfile.jugdata", "touch": "jugfile.py",
    "completion": "bash", "explain": "double jugfile.py", "report": "jugfile.py",
    "web": "jugfile.py --export kept", "logs": "jugfile.py", "wait": "jugfile.py", "profile": "init --scheduler local",
}  # fmt: skip
"""Each command, and what is typed behind it."""

ENDLESS = ["webstatus"]  # which serves until it is told to stop
WAITING = [
    ("collect", "few files"),
    ("sleep-until", "few files"),
    ("sleep-until", "small files"),
    ("sleep-until", "file for workers"),
]  # for ever, as they are to

ALL = "JUGHPC_TEST_ALL"  # set in the environment, it has all cases run


def cases():
    """Return each command with each fault; unless all are asked for, each command with some, each fault with some."""
    every = [(command, fault) for command in COMMANDS if command not in ENDLESS for fault in FAULTS]
    chosen = every if os.environ.get(ALL) else every[::7]
    return [case for case in chosen if case not in WAITING]


def meet(place, command, fault):
    with FAULTS[fault](place) as meeting:
        return place.run(command, *COMMANDS[command].split(), meeting=meeting)


def test_the_table_has_every_command():
    assert COMMANDS.keys() == _COMMANDS.keys()


@pytest.mark.parametrize(("command", "fault"), cases())
def test_a_fault_of_the_world_gets_one_line_and_leaves_nothing_half_made(place, command, fault):
    before = place.submissions()
    done = meet(place, command, fault)
    assert "Traceback" not in done.stderr or command == "reduce", done.stderr  # whose script prints, and is the user's
    assert "Exception ignored" not in done.stderr, done.stderr
    assert done.returncode in (0, 1, 2, 3), done.stderr
    if done.returncode == 1 and command != "check" and fault not in ("nobody reads", "all streams closed"):
        assert done.stdout or done.stderr.count("\n") == 1, done.stderr
    if done.returncode:
        assert place.submissions() <= before
        assert place.has_no_temporaries()


@pytest.mark.parametrize("fault", FAULTS if os.environ.get(ALL) else ["full disk", "mode 000", "few files"])
def test_a_page_is_served_through_a_fault_or_not_begun(place, fault):
    with FAULTS[fault](place) as meeting:
        try:
            said = place.run("webstatus", "jugfile.py", "--port", "0", meeting=meeting, patience=3).stderr
        except subprocess.TimeoutExpired as served:
            said = (served.stderr or b"").decode()
    assert "Traceback" not in said
    assert said.count("\n") <= 1


def test_a_worker_whose_reader_has_left_works_on(place):
    shutil.rmtree(place.jugdir)
    with no_reader(place) as meeting:
        assert place.run("execute", "jugfile.py", meeting=meeting).returncode == 0
    assert place.run("check", "jugfile.py").returncode == 0


def test_the_message_names_the_file_the_fault_and_the_next_step(place):
    with full_stdout(place) as meeting:
        done = place.run("status", "jugfile.py", meeting=meeting)
    assert done.stderr == (
        "jughpc: standard output: No space left on device; free some space there (df -h, df -i), "
        "then run the command again.\n"
    )


@pytest.mark.parametrize("command", ["status", "submissions", "config", "reduce"])
def test_head_ends_a_command_quietly(place, command):
    with no_reader(place) as meeting:
        done = place.run(command, *COMMANDS[command].split(), meeting=meeting)
    assert done.stderr == ""


def test_a_file_that_people_see_is_whole_or_as_it_was(place):
    (place.cwd / "jugfile.dot").write_text("as it was")
    done = meet(place, "graph", "read-only")
    assert done.returncode == 1
    assert "jugfile.dot" in done.stderr
    assert (place.cwd / "jugfile.dot").read_text() == "as it was"


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
