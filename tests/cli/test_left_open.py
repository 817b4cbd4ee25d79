"""What a program leaves in the buffers of files that it never closed is there when it has ended."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.local

OPENS = """
import gzip
class Holds:
    pass
def left_open(name):
    text = open(name + ".text", "w")
    data = open(name + ".data", "wb")
    packed = gzip.open(name + ".gz", "wt")
    for file in (text, packed):
        print(name, file=file)
    data.write(name.encode())
    holds = Holds()
    holds.again, holds.files = holds, {"text": text, "data": [data], "packed": (packed,)}  # a cycle, and containers
    return holds
"""
JUGFILE = """
import os
from jug import TaskGenerator
from opens import left_open
at_load = left_open("load") if os.environ.get("AT_LOAD") else None
kept = {}
@TaskGenerator
def task(i):
    kept.setdefault("it", left_open(f"task-{os.getpid()}"))
    return os.getpid()
xs = [task(i) for i in range(2)]
"""
SCRIPT = """
import jughpc
from opens import left_open
before = left_open("before")
jughpc.init("many.py", "many.jugdata")
after = left_open("after")
def last(): return after
"""


def is_whole(folder: Path, name: str) -> bool:
    read = [(folder / f"{name}.{kind}").read_bytes() for kind in ("text", "data", "gz")]
    return (read[0], read[1], gzip.decompress(read[2])) == (f"{name}\n".encode(), name.encode(), f"{name}\n".encode())


@pytest.fixture
def many(jughpc):
    jughpc.write("opens.py", OPENS)
    jughpc.write("many.py", JUGFILE)
    jughpc.write("reduce.py", 'from opens import left_open\nmade = left_open("reduce")\ndef last(): return made\n')
    return jughpc


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_files_hold_that_were_left_open_is_written_at_the_end(many, workers):
    assert many("execute", "many.py", "--workers", workers, AT_LOAD="1").returncode == 0
    tasks = {path.stem for path in many.cwd.glob("task-*")}
    assert tasks
    assert [name for name in (*tasks, "load") if not is_whole(many.cwd, name)] == []


def test_what_a_reduce_and_a_script_that_loads_a_jugfile_leave_open_is_written_too(many):
    assert many("execute", "many.py").returncode == 0
    assert many("reduce", "many.py", "--script", "reduce.py").returncode == 0
    subprocess.run([sys.executable, "-c", SCRIPT], cwd=many.cwd, check=True)
    assert [name for name in ("reduce", "before", "after") if not is_whole(many.cwd, name)] == []


def test_it_is_written_where_a_thread_that_a_task_left_has_the_worker_end_without_python(many):
    leaves = "    threading.Thread(target=time.sleep, args=(600,)).start()\n    return"
    many.write("many.py", "import threading, time\n" + JUGFILE.replace("    return", leaves))
    done = many("execute", "many.py")
    assert (done.returncode, "this worker ends without them" in done.stderr) == (0, True)
    (task,) = {path.stem for path in many.cwd.glob("task-*")}
    assert is_whole(many.cwd, task)
