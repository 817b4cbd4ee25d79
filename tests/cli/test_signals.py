"""Signals end every command at once wherever code of the user's runs, and leave nothing half made."""

from __future__ import annotations

import signal
import time

import pytest

SLOW = """
import time
from pathlib import Path
from jug import Task

def slow():
    Path("begun").touch()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        sum(range(99))

"""

STRETCHES = {
    "load": "slow()\none = Task(abs, -1)\n",
    "load behind a barrier": "import jug\none = Task(abs, -1)\nif one.can_load():\n    slow()\njug.barrier()\n",
    "import": "import slowly\none = Task(abs, -1)\n",
    "digest of an object": "class Own:\n    def __jug_hash__(self):\n        slow()\none = Task(print, Own())\n",
    "pickle of an argument": "class Own:\n    def __reduce__(self):\n        slow()\none = Task(print, Own())\n",
    "pickle of a result": "class Own:\n    def __reduce__(self):\n        slow()\none = Task(Own)\n",
    "task": "one = Task(slow)\n",
    **{
        f"hook {point}": "from jug.hooks import register_hook\n"
        f"register_hook('execute.{point}', lambda *task: slow())\none = Task(abs, -1)\n"
        for point in (
            "task-loadable", "task-pre-execute", "task-executed1", "finished_pre_status", "finished_post_status",
        )
    },
}  # fmt: skip

COMMANDS = {
    "execute": (), "status": (), "check": (), "count": (), "sleep-until": (), "cleanup": (), "graph": (),
    "invalidate": ("--name", "abs"), "submit": ("--array", "2", "--scheduler", "local"),
}  # fmt: skip

SWALLOWED = SLOW + "while True:\n    try:\n        slow()\n    except:\n        pass\n"

BOTH = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])


@pytest.fixture
def ended(jughpc, wait_for):
    """Return what starts a command, signals it once the user's code runs, and tells its exit code as a shell does."""

    def run(number, command, *options, again=0.0):
        process = jughpc.start(command, "slow.py", *options)
        try:
            wait_for((jughpc.cwd / "begun").exists)
            process.send_signal(number)
            while again and process.poll() is None:
                time.sleep(again)  # a second signal counts as one only if it does not come with the first
                process.send_signal(number)
            process.communicate(timeout=120)
        finally:
            process.kill()
            process.communicate()
        return process.returncode if process.returncode >= 0 else 128 - process.returncode

    return run


@BOTH
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_ends_at_once_while_the_jugfile_loads_and_leaves_nothing(jughpc, ended, command, number):
    jughpc.write("slow.py", SLOW + STRETCHES["load"])
    assert ended(number, command, *COMMANDS[command]) == 128 + number
    assert jughpc.names() == {"slow.py", "begun"}


@BOTH
@pytest.mark.parametrize("stretch", STRETCHES.values(), ids=STRETCHES)
def test_a_worker_ends_at_once_wherever_code_of_the_users_runs_and_holds_no_claim(jughpc, ended, stretch, number):
    jughpc.write("slowly.py", SLOW + "slow()\n")
    jughpc.write("slow.py", SLOW + "one = Task(abs, -1)\n")
    if "task-loadable" in stretch:
        jughpc("execute", "slow.py")
    jughpc.write("slow.py", SLOW + stretch)
    is_over = "executed1" in stretch or "loadable" in stretch  # so that no work is left: the signal came too late
    assert ended(number, "execute") == (0 if is_over else 128 + number)
    assert list(jughpc.cwd.glob("slow.jugdata/shards/*/*.claim.*")) == []
    assert '"state": "died"' not in "".join(path.read_text() for path in jughpc.cwd.glob("slow.jugdata/workers/*"))


@BOTH
@pytest.mark.parametrize("command", ["execute", "status", "submit"])
def test_a_jugfile_that_swallows_all_exceptions_is_ended_by_the_second_signal(jughpc, ended, command, number):
    jughpc.write("slow.py", SWALLOWED)
    assert ended(number, command, *COMMANDS[command], again=1.2) == 128 + number


@BOTH
def test_a_task_that_swallows_all_exceptions_is_ended_by_the_second_signal(jughpc, ended, number):
    body = "".join(f"    {line}\n" for line in SWALLOWED.removeprefix(SLOW).splitlines())
    jughpc.write("slow.py", f"{SLOW}def stubborn():\n{body}one = Task(stubborn)\n")
    assert ended(number, "execute", again=1.2) == 128 + number
    assert jughpc("status", "slow.py").returncode == 1
