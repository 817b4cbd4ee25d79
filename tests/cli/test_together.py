"""Elements of several workers: forked from one load, each by itself to all others, none takes another along."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
from collections import Counter

import pytest

pytestmark = pytest.mark.local

SLOW = """
import os, signal, time
from pathlib import Path
from jug import TaskGenerator, barrier
import jughpc

with open("loads", "a") as loads:
    loads.write("x")

@TaskGenerator
def slow(i):
    Path(f"begun{i}-{os.getpid()}").touch()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end and not Path("go").exists():
        time.sleep(0.01)
        if signal.getsignal(signal.SIGUSR1).__self__.signal:  # the worker that runs it was asked to stop
            Path(f"asked-{os.getpid()}").touch()
    return os.getpid()

@TaskGenerator
def deadly(i):
    Path(f"dead{i}-{os.getpid()}").touch()
    os.kill(os.getpid(), 9)

@TaskGenerator
def deadly_once(i):
    if not Path("died").exists():
        Path("died").touch()
        os.kill(os.getpid(), 11)
    return i
"""

AT_START = """
import os, signal
from pathlib import Path
if os.environ.get("JUGHPC_WORKER", "").startswith("1/") and not Path("met").exists():
    Path("met").touch()
    os.kill(os.getpid(), signal.SIGINT)
"""

QUICK = {"JUGHPC_BEAT": "0.2", "JUGHPC_LAG": "0.5", "JUGHPC_TTL": "5"}


@pytest.fixture
def element(jughpc, wait_for):
    """Return what starts an element on a jugfile and waits until its tasks run; all is ended behind the test."""
    started = []

    def start(text, *options, workers=3, begun=3, seconds=60):
        jughpc.write("many.py", SLOW.replace("SECONDS", str(seconds)) + text)
        process = jughpc.start("execute", "many.py", "--workers", str(workers), *options)
        started.append(process)
        wait_for(lambda: len(pids(jughpc)) >= begun)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def pids(jughpc, what="begun"):
    """Return which processes began a task."""
    return {int(path.name.rpartition("-")[2]) for path in jughpc.cwd.glob(f"{what}*-*")}


def records(jughpc):
    """Return the records of workers that did not end in order."""
    return [
        json.loads(path.read_text()[9:])
        for path in (jughpc.cwd / "many.jugdata" / "workers").iterdir()
        if not path.name.endswith(".ended")
    ]


def ended(jughpc):
    return [path for path in (jughpc.cwd / "many.jugdata" / "workers").iterdir() if path.name.endswith(".ended")]


def test_the_jugfile_is_loaded_once_and_each_worker_has_a_life_and_a_number_of_its_own(jughpc, element):
    process = element("xs = [slow(i) for i in range(3)]")
    found = records(jughpc)
    assert Counter(one["worker"] for one in found) == Counter([1, 2, 3])
    assert {one["pid"] for one in found} == pids(jughpc)
    assert len({one["life"] for one in found}) == 3
    (jughpc.cwd / "go").touch()
    assert process.wait(120) == 0
    assert (jughpc.cwd / "loads").read_text() == "x"
    assert len(ended(jughpc)) == 3


def test_one_process_beats_for_all(jughpc, element):
    process = element("xs = [slow(i) for i in range(3)]")
    assert len(children_of(process.pid) - pids(jughpc)) == 1


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as told:
        return set(map(int, told.read().split()))


def test_behind_a_barrier_the_jugfile_is_loaded_once_more_for_all(jughpc, element):
    text = "xs = [slow(i) for i in range(3)]\nbarrier()\nys = [slow(10 + i) for i in range(3)]"
    process = element(text, seconds=0.2)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert (jughpc.cwd / "loads").read_text() == "xx"
    assert re.search(r"\b6 +0  many\.slow", out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_element_ends_all_workers_at_once_and_in_order(jughpc, element, number):
    process = element("xs = [slow(i) for i in range(9)]")
    process.send_signal(number)
    assert process.wait(120) == 128 + number
    assert records(jughpc) == []
    assert len(ended(jughpc)) == 3
    assert not list((jughpc.cwd / "many.jugdata").glob("shards/*/*.claim.*"))


def test_a_signal_that_asks_to_stop_after_this_task_ends_all_once_theirs_is_done(jughpc, element, wait_for):
    process = element("xs = [slow(i) for i in range(9)]")
    process.send_signal(signal.SIGUSR1)
    wait_for(lambda: pids(jughpc, "asked") == pids(jughpc))
    (jughpc.cwd / "go").touch()
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 3
    assert re.search(r"\b3 +0  many\.slow", out)


def test_the_file_that_asks_to_stop_stops_all(jughpc, element):
    process = element("xs = [slow(i) for i in range(9)]", seconds=1)
    (jughpc.cwd / "__jug_please_stop_running.txt").touch()
    assert process.wait(120) == 3
    assert len(ended(jughpc)) == 3


def test_a_worker_that_is_killed_is_told_of_and_replaced_and_the_others_go_on(jughpc, element, wait_for):
    process = element("xs = [slow(i) for i in range(3)]")
    before = pids(jughpc)
    victim = min(before)
    number = next(one["worker"] for one in records(jughpc) if one["pid"] == victim)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(pids(jughpc)) == 4)
    dead = [one for one in records(jughpc) if one["state"] == "died"]
    assert [(one["pid"], one["worker"], one["task"]) for one in dead] == [(victim, number, "many.slow")]
    assert "SIGKILL" in dead[0]["reason"]
    assert [one["worker"] for one in records(jughpc) if one["pid"] not in before] == [number]
    (jughpc.cwd / "go").touch()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0
    assert f"worker {number} died: killed by SIGKILL" in err
    assert (jughpc.cwd / "loads").read_text() == "x"


def test_a_task_that_kills_once_is_run_again_by_a_successor(jughpc):
    jughpc.write("many.py", SLOW + "xs = [deadly_once(i) for i in range(4)]")
    done = jughpc("execute", "many.py", "--workers", "2", **QUICK)
    assert done.returncode == 0, done.stderr
    assert "SIGSEGV" in done.stderr


def test_a_task_that_always_kills_fails_with_that_story_and_the_rest_is_done(jughpc):
    jughpc.write("many.py", SLOW.replace("SECONDS", "0") + "xs = [slow(i) for i in range(9)]\nlast = deadly(1)")
    done = jughpc("execute", "many.py", "--workers", "2", "--keep-going", **QUICK)
    assert done.returncode == 1
    assert "workers died while they ran it" in done.stderr
    assert jughpc("failures", "many.py").stdout.count("many.deadly(1)") == 1
    assert jughpc("count", "many.py").stdout.split().count("9") >= 1


def test_a_worker_whose_task_closes_all_files_is_told_of_in_words_and_its_work_is_kept(jughpc):
    text = "@TaskGenerator\ndef close(i):\n    os.closerange(3, 256)\n\nonly = close(0)"
    jughpc.write("many.py", SLOW.replace("SECONDS", "0") + text)
    done = jughpc("execute", "many.py", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert "what this worker did is not counted at the end" in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_end_when_the_process_that_they_come_from_is_killed(jughpc, element, wait_for):
    process = element("xs = [slow(i) for i in range(3)]")
    workers, children = pids(jughpc), children_of(process.pid)
    process.kill()
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in workers | children))
    assert all(one["state"] == "died" for one in records(jughpc)) or len(ended(jughpc)) == 3


def test_where_the_process_that_beats_is_killed_workers_go_on_with_lives_of_their_own(jughpc, element, wait_for):
    process = element("xs = [slow(i) for i in range(6)]", seconds=3)
    (beating,) = children_of(process.pid) - pids(jughpc)
    os.kill(beating, signal.SIGKILL)
    assert process.wait(120) == 0


def test_each_line_says_which_worker_put_it_out_and_is_never_torn(jughpc):
    text = "from jug import TaskGenerator\nimport os\n@TaskGenerator\ndef f(i):\n    for _ in range(200):\n"
    text += "        os.write(1, b'a' * 50); os.write(1, b'b' * 50 + b'\\n')\nxs = list(map(f, range(8)))"
    jughpc.write("many.py", text)
    done = jughpc("execute", "many.py", "--workers", "4")
    lines = [line for line in done.stdout.splitlines() if "a" * 9 in line]
    assert len(lines) == 1600
    assert {line[4:] for line in lines} == {"a" * 50 + "b" * 50}
    assert {line[:4] for line in lines} <= {"[1] ", "[2] ", "[3] ", "[4] "}


def test_failures_of_all_workers_are_told_and_make_the_exit_code(jughpc):
    jughpc.write("many.py", "from jug import Task\ndef f(i):\n    return 1 / i\nxs = [Task(f, i) for i in range(6)]")
    done = jughpc("execute", "many.py", "--workers", "2", "--keep-going")
    assert done.returncode == 1
    assert done.stderr.count("ZeroDivisionError") >= 1
    assert re.search(r"\b5 +0  many\.f", done.stdout)


def test_what_others_of_the_element_ran_is_not_told_as_found_done(jughpc):
    jughpc.write("many.py", "from jug import Task\nxs = [Task(abs, i) for i in range(2000)]")
    done = jughpc("execute", "many.py", "--workers", "4")
    assert re.search(r"\b2000 +0  ", done.stdout)
    again = jughpc("execute", "many.py", "--workers", "4")
    assert re.search(r"\b0 +2000  ", again.stdout)


def test_so_many_tasks_are_run_by_all_together(jughpc):
    text = SLOW.replace("SECONDS", "0.3") + "xs = [slow(i) for i in range(20)]"
    jughpc.write("many.py", text)
    done = jughpc("execute", "many.py", "--workers", "3", JUG_MAX_TASKS="6")
    assert done.returncode == 3
    assert 6 <= int(re.search(r"(\d+) +\d+  many\.slow", done.stdout)[1]) <= 8  # two others have one in hand


def test_workers_that_are_spawned_load_the_jugfile_each_by_itself_and_pass_its_barriers(jughpc, element):
    text = "xs = [slow(i) for i in range(6)]\nbarrier()\nys = [slow(i) for i in range(9)]"
    process = element(text, "--start", "spawn")
    (jughpc.cwd / "go").touch()  # now that each has loaded it
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert (jughpc.cwd / "loads").read_text() == "x" * 6
    assert re.search(r"\b9 +0  many\.slow", out)
    assert {line[:4] for line in err.splitlines() if "tasks, in" in line} == {"[1] ", "[2] ", "[3] "}
    assert out.count("Task name") == 1
    assert len(ended(jughpc)) == 3


def test_a_spawned_worker_that_is_killed_is_replaced_and_a_signal_ends_all_in_order(jughpc, element, wait_for):
    process = element("xs = [slow(i) for i in range(9)]", "--start", "spawn")
    os.kill(min(pids(jughpc)), signal.SIGKILL)
    wait_for(lambda: len(pids(jughpc)) == 4)
    process.terminate()
    _, err = process.communicate(timeout=120)
    assert process.returncode == 143
    assert err.count("died: killed by SIGKILL") == 1
    assert [one["state"] for one in records(jughpc)] == ["died"]


def test_a_jugfile_that_cannot_be_loaded_by_spawned_workers_is_told_of_once(jughpc):
    jughpc.write("many.py", "from jughpc import set_jugdir\n1 / 0")
    done = jughpc("execute", "many.py", "--workers", "2", "--start", "spawn")
    assert done.returncode == 2
    assert done.stderr.count("\njughpc: ") == 1
    assert "died" not in done.stderr


def test_what_workers_will_lack_or_share_of_what_the_jugfile_began_is_told_once(jughpc):
    text = "import socket\nfrom jug import Task, barrier\nwire = socket.socket()\n"
    text += "xs = [Task(abs, i) for i in range(3)]\nbarrier()\nys = [Task(abs, x) for x in xs]\n"
    jughpc.write("many.py", text)
    done = jughpc("execute", "many.py", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("keeps sockets open") >= 1


def test_workers_read_a_file_that_the_jugfile_opened_each_from_its_own_place(jughpc):
    text = "import time\nfrom jug import Task\nnumbers = open('numbers', 'rb', 0)\nnumbers.seek(8)\n"
    text += "def read(i):\n    numbers.seek(8 * i)\n    time.sleep(0.01)\n    return int(numbers.read(8)) == i\n"
    jughpc.write("numbers", "".join(f"{i:8}" for i in range(60)))
    jughpc.write("many.py", text + "xs = [Task(read, i) for i in range(60)]")
    jughpc.write("look.py", "print(all(value(xs)))")
    done = jughpc("execute", "many.py", "--workers", "4")
    assert done.returncode == 0, done.stderr
    assert "keeps files open" not in done.stderr
    assert jughpc("reduce", "many.py", "--script", "look.py").stdout.endswith("True\n")


def test_tasks_that_hand_work_to_threads_which_the_jugfile_started_do_not_wait_for_ever(jughpc):
    text = "from concurrent.futures import ThreadPoolExecutor\nfrom jug import Task\n"
    text += "pool = ThreadPoolExecutor(1, 'helpers')\npool.submit(abs, 1).result()\n"
    text += "def ask(i):\n    return pool.submit(abs, i).result()\nxs = [Task(ask, i) for i in range(3)]\n"
    jughpc.write("many.py", text)
    done = jughpc("execute", "many.py", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("started threads (helpers_0), which no fork has: each worker loads the jugfile") == 1


def test_workers_draw_different_random_numbers(jughpc):
    text = "import random, time, numpy as np\nfrom jug import Task\nnp.random.seed(1)\nrandom.seed(1)\n"
    text += "class Holds:\n    rngs = {'new': [np.random.default_rng(1)], 'old': np.random.RandomState(1)}\n"
    text += "own, spawns = random.Random(1), np.random.Generator(np.random.Philox(1))\n"
    text += "def draw(i):\n    time.sleep(0.3)\n    seed = spawns.bit_generator.seed_seq.spawn(1)[0]\n"
    text += "    spawned = np.random.default_rng(seed)\n"
    text += "    of_numpy = np.random, Holds.rngs['new'][0], Holds.rngs['old'], spawns, spawned\n"
    text += "    return [one.random() for one in (random, own, *of_numpy)]\n"
    jughpc.write("many.py", text + "xs = [Task(draw, i) for i in range(4)]")
    assert jughpc("execute", "many.py", "--workers", "4").returncode == 0
    jughpc.write("look.py", "print(value(xs))")
    drawn = eval(jughpc("reduce", "many.py", "--script", "look.py").stdout.strip().splitlines()[-1])
    assert [len(set(column)) for column in zip(*drawn, strict=True)] == [4] * 7


def test_a_mistake_is_told_once_and_no_worker_is_replaced_for_it(jughpc):
    jughpc.write("many.py", "from jug import Task\nxs = [Task(abs, i) for i in range(3)]")
    done = jughpc("execute", "many.py", "--workers", "2", "--name", "nosuch")
    assert done.returncode == 2
    assert done.stderr.count("no task of many.py was chosen") == 1


@pytest.mark.parametrize("option", ["--debug", "--pdb"])
def test_who_debugs_is_told_to_take_one_worker(jughpc, option):
    jughpc.write("many.py", "from jug import Task\nxs = [Task(abs, i) for i in range(3)]")
    done = jughpc("execute", "many.py", "--workers", "2", option)
    assert (done.returncode, "--workers 1" in done.stderr) == (2, True)


def test_results_in_memory_cannot_be_shared(jughpc):
    jughpc.write("many.py", "from jug import Task\nxs = [Task(abs, i) for i in range(3)]")
    done = jughpc("execute", "many.py", "--workers", "2", "--jugdir", "dict_store")
    assert (done.returncode, "workers cannot share" in done.stderr) == (2, True)


def test_workers_that_find_no_descriptor_left_are_started_later_and_the_others_go_on(jughpc):
    jughpc.write("many.py", "from jug import Task\nxs = [Task(abs, i) for i in range(40)]")
    command = shlex.join(jughpc.argv("execute", "many.py", "--workers", "16"))
    few = ["bash", "-c", f"ulimit -n 34; {command}"]
    done = subprocess.run(few, cwd=jughpc.cwd, env=jughpc.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "could not be started (Too many open files)" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_spawned_worker_that_is_interrupted_while_python_starts_ends_without_a_traceback(jughpc):
    jughpc.write("sitecustomize.py", AT_START)
    jughpc.write("many.py", "from jug import Task\nxs = [Task(abs, i) for i in range(3)]")
    done = jughpc("execute", "many.py", "--workers", "2", "--start", "spawn", PYTHONPATH=str(jughpc.cwd))
    assert done.returncode == 0, done.stderr
    assert (jughpc.cwd / "met").exists()
    assert "Traceback" not in done.stderr
    assert "worker 1 died" in done.stderr
