"""What users of jug type, and what goes wrong in a task, told apart in words."""

from __future__ import annotations

import json
import os

import pytest

CHANGES = """
from jug import TaskGenerator

@TaskGenerator
def add_one(numbers):
    numbers.append(1)
    return numbers

@TaskGenerator
def double(x):
    return 2 * x

one = add_one([1, 2])
"""

TROUBLES = {
    "raises": ("raise ValueError('no good')", "ValueError: no good"),
    "cancelled": ("import asyncio; raise asyncio.CancelledError('late')", "CancelledError: late"),
    "exits": ("import sys; sys.exit(3)", "it called sys.exit(3)"),
    "unstorable": ("return lambda: 0", "the result, a function, cannot be stored"),
    "makes_tasks": ("return double(x)", "it made 1 tasks while it ran, troubles.double first"),
}


def test_name_runs_the_chosen_tasks_only_and_says_that_work_is_left(three):
    done = three("execute", "three.py", "--name", "add", "--short")
    assert (done.returncode, "Executed:  0 tasks" in done.stdout) == (3, True)
    done = three("execute", "three.py", "--pattern", "dou", "--short")
    assert (done.returncode, "Executed:  2 tasks" in done.stdout) == (0, True)
    done = three("execute", "three.py", "--name", "three.add", "--short")
    assert (done.returncode, "Executed:  1 tasks" in done.stdout) == (0, True)


def test_chosen_tasks_that_wait_for_others_are_told(three):
    done = three("execute", "three.py", "--name", "add")
    assert "1 of the chosen tasks wait for others that were not chosen: three.double (2)" in done.stderr


def test_a_chosen_task_runs_once_another_worker_has_brought_what_it_needs(three):
    three.write(
        "relay.py",
        "import subprocess\nfrom jug import TaskGenerator\n"
        "@TaskGenerator\ndef first(x):\n    return x\n"
        "@TaskGenerator\ndef meanwhile():\n    subprocess.check_call("
        f"{three.argv('execute', 'relay.py', '--name', 'first')!r})\n"
        "@TaskGenerator\ndef last(x):\n    return x\n"
        "begun = meanwhile()\nend = last(first(1))\n",
    )
    done = three("execute", "relay.py", "--pattern", "/last|meanwhile/", "--short")
    assert (done.returncode, "Executed:  2 tasks" in done.stdout) == (0, True)


def test_a_name_that_no_task_has_is_a_mistake(three):
    done = three("execute", "three.py", "--name", "ad")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no task of three.py was chosen; there are three.double (2), three.add (1)." in done.stderr


def test_a_chosen_task_that_fails_is_a_failure(failing):
    done = failing("execute", "failing.py", "--name", "invert", "--keep-going")
    assert done.returncode == 1


def test_keep_failed_leaves_alone_what_failed_before(failing):
    failing("execute", "failing.py", "--keep-going")
    done = failing("execute", "failing.py", "--keep-going", "--keep-failed")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_long_options_may_be_abbreviated_if_only_one_is_meant(failing):
    assert failing("execute", "failing.py", "--keep-g", "--sho").stdout.startswith("Executed:  1 tasks")
    done = failing("execute", "failing.py", "--keep")
    assert (done.returncode, "No such option" in done.stderr) == (2, True)


def test_options_of_jugs_that_are_needless_here_are_taken_and_that_is_said(three):
    done = three(
        "execute", "three.py", "--aggressive-unload", "--will-cite", "--nr-wait-cycles=0", "--wait-cycle-time", "1",
        "--verbose", "info",
    )  # fmt: skip
    assert done.returncode == 0
    for command in ("status", "check", "count", "pack", "sleep-until"):
        assert three(command, "--short", "--debug", "--pdb", "--aggressive-unload", "--will-cite").returncode == 0
    done = three("status", "--cache", "--clear", "--cache-file", "x", "--will-cite")
    assert (done.returncode, done.stderr.count("has no effect on `status`")) == (0, 4)


@pytest.mark.parametrize("environ", [{"JUG_MAX_TASKS": "1"}, {"JUG_EXIT_IF_FILE_EXISTS": "three.py"}])
def test_jugs_limits_in_the_environment_end_a_worker_with_work_left(three, environ):
    done = three("execute", "three.py", "--short", **environ)
    assert done.returncode == 3
    assert three("execute", "three.py", "--no-check-environment", **environ).returncode == 0


def test_jugs_stop_file_ends_a_worker(three):
    three.write("__jug_please_stop_running.txt", "")
    assert "Executed:  0 tasks" in three("execute", "three.py", "--short").stdout


def test_hooks_of_a_jugfile_are_called_around_the_table(jughpc):
    jughpc.write(
        "hooked.py",
        "from jug import Task\nfrom jug.hooks import register_hook\n"
        "register_hook('execute.finished_pre_status', lambda: print('before'))\n"
        "register_hook('execute.finished_post_status', lambda: print('after'))\none = Task(abs, -1)\n",
    )
    lines = jughpc("execute", "hooked.py").stdout.splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")


@pytest.mark.parametrize(("body", "words"), TROUBLES.values(), ids=TROUBLES)
def test_each_way_of_going_wrong_has_words_of_its_own(jughpc, body, words):
    jughpc.write("troubles.py", CHANGES + f"\n@TaskGenerator\ndef wrong(x):\n    {body}\n\ntwo = wrong(5)\n")
    done = jughpc("execute", "troubles.py", "--keep-going")
    assert done.returncode == 1
    assert words in jughpc("failures", "troubles.py").stdout


def test_a_task_that_kills_its_workers_is_told_and_runs_again_once_mended(jughpc):
    deadly = "os.kill(os.getpid(), signal.SIGKILL)"
    text = f"import os, signal\nfrom jug import Task\ndef deadly():\n    {deadly}\none = Task(deadly)\n"
    jughpc.write("kills.py", text)
    elements = [{"JUGHPC_SUBMISSION": "0a1b2c3d", "JUGHPC_ELEMENT": f"{n}"} for n in range(4)]
    codes = [jughpc("execute", "kills.py", JUGHPC_OWNER="slurm:7", **element).returncode for element in elements]
    assert codes == [-9] * 3 + [1]
    (row,) = json.loads(jughpc("failures", "kills.py", "--json").stdout)
    assert row["exception"].startswith("3 workers died while they ran it, the last on ")
    assert "SIGKILL" in row["exception"]
    assert (row["owner"], row["tries"]) == ("slurm:7", 3)
    jughpc.write("kills.py", text.replace(deadly, "pass"))
    assert jughpc("execute", "kills.py").returncode == 1
    assert jughpc("failures", "kills.py", "--retry-failed").returncode == 0
    assert jughpc("execute", "kills.py").returncode == 0


def test_processes_that_a_task_makes_are_ended_by_signals_as_everywhere(jughpc):
    jughpc.write(
        "makes.py",
        "import multiprocessing, time\nfrom jug import TaskGenerator\n\n@TaskGenerator\ndef make():\n"
        "    process = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))\n"
        "    process.start()\n    process.terminate()\n    process.join()\n    return process.exitcode\n"
        "code = make()\n",
    )
    done = jughpc("execute", "makes.py")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    jughpc.write("show.py", "print(value(code))\n")
    assert jughpc("reduce", "makes.py", "--script", "show.py").stdout == "-15\n"


def test_debug_finds_tasks_that_change_their_arguments(jughpc):
    jughpc.write("changes.py", CHANGES)
    done = jughpc("execute", "changes.py", "--debug")
    assert (done.returncode, "changes.add_one changed its arguments" in done.stderr) == (1, True)
    assert jughpc("execute", "changes.py").returncode == 0


def test_pdb_stops_where_a_task_raises(failing):
    done = failing("execute", "failing.py", "--pdb", typed="p x\nq\n")
    assert "-> return 1 / x" in done.stdout
    assert "(Pdb) 0" in done.stdout


def test_pdb_stops_where_the_jugfile_raises(jughpc):
    jughpc.write("typo.py", "where = 'here'\nwrong = 1 / 0\n")
    done = jughpc("execute", "typo.py", "--pdb", typed="p where\nq\n")
    assert (done.returncode, "(Pdb) 'here'" in done.stdout) == (2, True)


@pytest.mark.parametrize("left", [0, 300, 1000])
def test_a_kept_load_that_was_damaged_is_told_as_none_until_the_next_load(three, left):
    three("execute", "three.py")
    (manifest,) = three.cwd.glob("three.jugdata/manifest/*.npz")
    os.truncate(manifest, left)
    done = three("status", "three.py", "--cached")
    assert (done.returncode, "look without --cached" in done.stderr) == (2, True)
    assert three("status", "three.py", "--short").stdout == "All tasks complete (3 tasks).\n"
    assert three("status", "three.py", "--cached", "--short").stdout == "All tasks complete (3 tasks).\n"
