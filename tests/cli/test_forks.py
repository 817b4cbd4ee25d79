"""A child that user code forks stays a child: what a worker does, it does in its own process alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHILDREN = {
    "exits well": ("sys.exit(0)", 0),
    "exits badly": ("sys.exit(5)", 5),
    "exits with words": ("sys.exit('no luck')", 1),
    "raises": ("raise ValueError('of the child')", 1),
    "is interrupted": ("raise KeyboardInterrupt", 130),
    "returns": ("return 'of the child'", 0),
    "returns what no store takes": ("return lambda: 0", 0),
    "ends by itself": ("os._exit(3)", 3),
    "makes tasks": ("double(99); return 1", 0),
    "runs on": ("time.sleep(2); return 1", 0),
}

HEAD = """
import atexit, os, sys, time
from jug import Task, TaskGenerator
from jug.hooks import register_hook

def note(*words):
    with open("log", "a") as file:
        print(*words, file=file, flush=True)

me = os.getpid()
for point in ("task-pre-execute", "task-executed1", "finished_pre_status", "finished_post_status"):
    register_hook(f"execute.{point}", lambda *task, point=point: os.getpid() == me or note("hook", point))
atexit.register(lambda: os.getpid() == me or note("atexit"))

def forked(act):
    pid = os.fork()
    if not pid:
        return act()
    note("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

@TaskGenerator
def double(x):
    note("ran", x)
    return 2 * x
"""

IN_A_TASK = """
@TaskGenerator
def fork(i):
    pid = os.fork()
    if not pid:
        CHILD
    note("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return i

tasks = [double(1), fork(1), fork(2), double(2)]
"""

EVERYWHERE = {
    "load": "def child():\n    CHILD\nforked(child)\ntasks = [double(1), double(2)]\n",
    "digest": "class Own:\n    def __jug_hash__(self):\n        def child():\n            CHILD\n"
    "        forked(child)\n        return b'own'\ntasks = [double(1), double(2), Task(repr, Own())]\n",
    **{
        f"hook {point}": "def child():\n    CHILD\n"
        f"register_hook('execute.{point}', lambda *task: os.getpid() == me and forked(child))\n"
        "tasks = [double(1), double(2)]\n"
        for point in ("task-pre-execute", "task-executed1", "finished_pre_status", "finished_post_status")
    },
}


def check(jughpc, text, code):
    """Check that a run of `text` does each task once, in the parent, and that the child ended with `code`."""
    jughpc.write("forks.py", HEAD + text)
    done = jughpc("execute", "forks.py")
    log = (jughpc.cwd / "log").read_text().splitlines()
    assert done.returncode == 0, done.stderr
    assert [line for line in log if line.startswith(("hook", "atexit"))] == []
    assert {line for line in log if line.startswith("child")} == {f"child {code}"}
    ran = [line for line in log if line.startswith("ran")]
    assert len(ran) == len(set(ran)) >= 2
    assert jughpc("check", "forks.py").returncode == 0
    assert jughpc("failures", "forks.py").stdout == ""
    states = "".join(path.read_text() for path in jughpc.cwd.glob("forks.jugdata/workers/*"))
    assert states.count('"state": "ended"') == 1
    assert '"state": "died"' not in states
    return done


@pytest.mark.parametrize(("child", "code"), CHILDREN.values(), ids=CHILDREN)
def test_a_child_of_a_task_ends_as_a_program_does_and_does_nothing_of_the_worker(jughpc, child, code):
    check(jughpc, IN_A_TASK.replace("CHILD", child), code)


@pytest.mark.parametrize("child", ["exits well", "raises", "returns"])
@pytest.mark.parametrize("where", EVERYWHERE)
def test_so_does_a_child_of_any_other_code_of_the_users(jughpc, where, child):
    words, code = CHILDREN[child]
    check(jughpc, EVERYWHERE[where].replace("CHILD", words), code)


def test_what_a_child_raises_is_shown_with_its_traceback(jughpc):
    done = check(jughpc, IN_A_TASK.replace("CHILD", "raise ValueError('of the child')"), 1)
    assert "ValueError: of the child" in done.stderr


def test_a_child_of_the_jugfile_submits_nothing(jughpc):
    jughpc.write("forks.py", HEAD + EVERYWHERE["load"].replace("CHILD", "return 0"))
    done = jughpc("submit", "forks.py", "--array", "2", "--scheduler", "local", "--dry-run")
    assert (done.returncode, done.stdout.count("#!/bin/bash")) == (0, 2)


LOCKS = """
import os, subprocess, sys, jughpc
_, names = jughpc.init("forks.py", "results")
task = names["tasks"][0]
print(task.lock(), flush=True)
pid = os.fork()
if not pid:
    sys.exit(0)
os.waitpid(pid, 0)
other = "import jughpc; _, names = jughpc.init('forks.py', 'results'); print(names['tasks'][0].is_locked())"
print(subprocess.run([sys.executable, "-c", other], capture_output=True, text=True).stdout)
"""


def test_a_child_of_a_script_leaves_the_locks_of_its_parent_alone(jughpc):
    jughpc.write("forks.py", "from jug import Task\ntasks = [Task(abs, -1)]\n")
    done = subprocess.run(
        [sys.executable, "-c", LOCKS], cwd=jughpc.cwd, env=jughpc.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "True"]
