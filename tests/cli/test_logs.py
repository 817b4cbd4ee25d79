"""`jughpc logs`, where real elements put out what they do."""

from __future__ import annotations

import json

import pytest

TALKING = r"""
import os, subprocess, sys
from jug import TaskGenerator

@TaskGenerator
def talk(n):
    print("python", n)
    print("errors", n, file=sys.stderr)
    subprocess.run(["echo", f"child {n}"], check=True)
    os.write(1, b"compiled %d\x1b[31m\n" % n)
    return 1 / (n - 2)

@TaskGenerator
def quiet(n):
    return n

both = [(talk(n), quiet(n)) for n in range(4)]
"""


@pytest.mark.parametrize("workers", [("1",), ("2",), ("2", "--start", "spawn")], ids=" ".join)
def test_what_one_task_put_out_is_shown_by_itself_and_so_is_what_failed(jughpc, workers):
    jughpc.write("talking.py", TALKING)
    jughpc("submit", "talking.py", "--array", "1", "--workers", *workers, "--wait")
    shown = jughpc("logs", "talking.py", "--task", "talk(3)")
    head, *rest = shown.stdout.splitlines()
    assert "talking.talk(3) " in head
    assert ": done, on " in head
    assert rest == ["python 3", "errors 3", "child 3", "compiled 3\\x1b[31m"]
    failed = jughpc("logs", "--failed", "--tail", "1").stdout.splitlines()
    assert (len(failed), ": failed, on " in failed[0], failed[1]) == (2, True, "compiled 2\\x1b[31m")
    silent = jughpc("logs", "--task", "quiet(1)")
    assert (silent.returncode, silent.stdout) == (1, "")
    assert "put out nothing that is kept" in silent.stderr


def test_logs_are_listed_shown_and_followed_to_the_end(jughpc):
    jughpc.write("talking.py", TALKING)
    jughpc("submit", "talking.py", "--array", "2")
    followed = jughpc("logs", "--follow", "--tail", "1000")
    assert followed.returncode == 0
    assert "] python 3" in followed.stdout
    assert "[collector] " in followed.stdout
    listed = jughpc("logs").stdout
    assert "element 0 " in listed
    assert "next: jughpc logs talking.py --element 0" in listed
    assert jughpc("logs", "--collect").stdout.splitlines()[-1] in followed.stdout
    done = jughpc("logs", "--element", "7-9")
    assert (done.returncode, "there are those of elements 0-1" in done.stderr) == (2, True)
    assert jughpc("logs", "--task", "talk(1)", "--follow").returncode == 2
    assert [part["lines"][0] for part in json.loads(jughpc("logs", "--task", "talk(1)", "--json").stdout)] == [
        "python 1"
    ]
