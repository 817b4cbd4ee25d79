"""What tasks register for the end of their process is done there, once; and so is what the jugfile registers."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.local

JUGFILE = """
import atexit, os, tempfile
from jug import TaskGenerator
def last(name):
    print(name, file=open(f"{name}.{os.getpid()}", "a"))
atexit.register(last, "load")
of_load, of_tasks = tempfile.TemporaryDirectory(dir="."), []
@TaskGenerator
def task(i):
    atexit.register(last, "task")
    atexit.register(int, "no number")  # fails, and keeps nothing else off
    of_tasks.append(tempfile.TemporaryDirectory(dir="."))
    return os.path.exists(of_load.name) and os.getpid()
xs = [task(i) for i in range(4)]
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_registered_for_the_end_is_done_by_who_registered_it(jughpc, workers):
    jughpc.write("many.py", JUGFILE)
    jughpc.write("look.py", "print(*map(int, value(xs)))")
    done = jughpc("execute", "many.py", "--workers", f"{workers}")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("ValueError: ") == 4
    written = {path.name: path.read_text() for path in jughpc.cwd.glob("*.[0-9]*")}
    of_load = [name for name in written if name.startswith("load")]
    assert [written.pop(name) for name in of_load] == ["load\n"]
    pids = jughpc("reduce", "many.py", "--script", "look.py").stdout.split()[-4:]
    assert written == {f"task.{pid}": "task\n" * pids.count(pid) for pid in pids}
    assert list(jughpc.cwd.glob("tmp*")) == []
