"""Tasks that change the process that they run in: the worker survives, and says what it put back."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

CHANGES = {
    "closes all descriptors": ("os.closerange(3, 4096)", ""),
    "closes all descriptors and opens others": ("os.closerange(3, 4096); kept.extend(map(open, [__file__] * 20))", ""),
    "closes even the standard streams": ("os.closerange(0, 4096)", ""),
    "closes stdout's descriptor": ("os.close(1)", "stdout closed"),
    "closes stdout": ("sys.stdout.close()", "sys.stdout closed or replaced"),
    "closes stderr": ("sys.stderr.close()", "sys.stderr closed or replaced"),
    "takes stdout away": ("sys.stdout = None", "sys.stdout closed or replaced"),
    "replaces stdout": ("sys.stdout = io.StringIO()", "sys.stdout closed or replaced"),
    "goes elsewhere": ("os.chdir('/')", "another working directory"),
    "removes where it went": ("os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')", "another working directory"),
    "masks all permissions": ("os.umask(0o777)", "the umask 777"),
    "ignores SIGTERM": ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", "a handler of its own for SIGTERM"),
    "listens to SIGUSR1": ("signal.signal(signal.SIGUSR1, print)", "a handler of its own for SIGUSR1"),
    "lets SIGPIPE kill": ("signal.signal(signal.SIGPIPE, signal.SIG_DFL)", "SIGPIPE not ignored"),
    "blocks all signals": ("signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())", "SIGTERM"),
    "leaves an alarm": ("signal.alarm(1)", "an alarm that was still to come"),
    "leaves a timer": ("signal.setitimer(signal.ITIMER_VIRTUAL, 0.2)", "an alarm that was still to come"),
    "leaves a watchdog": ("faulthandler.dump_traceback_later(1, exit=True)", ""),
    "turns faulthandler off": ("faulthandler.disable()", ""),
    "empties the environment": ("os.environ.clear()", ""),
    "spoils the environment": ("os.environ.update(HOME='/nowhere', TMPDIR='/nowhere', COLUMNS='x', PATH='')", ""),
    "changes the locale": ("locale.setlocale(locale.LC_ALL, 'C')", ""),
    "leaves a thread": ("threading.Thread(target=time.sleep, args=(120,), name='left').start()", "left"),
    "leaves a daemon": ("threading.Thread(target=time.sleep, args=(120,), daemon=True).start()", ""),
    "leaves a pool": ("kept.append(ThreadPoolExecutor(2)); kept[-1].submit(int)", ""),
    "leaves a process": ("kept.append(subprocess.Popen(['sleep', '3'], stdout=-3, stderr=-3))", ""),
    "takes the collector away": ("gc.disable(); gc.freeze()", ""),
    "recurses no further": ("sys.setrecursionlimit(sys.getrecursionlimit() // 4)", ""),
    "makes warnings errors": ("warnings.simplefilter('error')", ""),
    "seeds and logs": ("random.seed(1); logging.disable(); logging.basicConfig(level=0, force=True)", ""),
    "is nice": ("os.nice(1)", ""),
    **{
        f"limits {name}": (f"resource.setrlimit(resource.{name}, ({value}, resource.getrlimit(resource.{name})[1]))",
                           f"a limit of its own, {name}={value}")
        for name, value in {
            "RLIMIT_NOFILE": 4, "RLIMIT_FSIZE": 0, "RLIMIT_AS": 1 << 28, "RLIMIT_DATA": 1 << 26, "RLIMIT_NPROC": 1,
            "RLIMIT_STACK": 1 << 20,
        }.items()
    },
    "limits descriptors for good": ("resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))",
                                    "RLIMIT_NOFILE=64 for good behind in this process; it cannot be put back"),
}  # fmt: skip

JUGFILE = """
import faulthandler, gc, io, locale, logging, os, random, resource, signal, subprocess, sys, threading, time, warnings
from concurrent.futures import ThreadPoolExecutor
from jug import TaskGenerator, barrier
kept = []

@TaskGenerator
def change(i):
    if i == 1:
        CHANGE
    return i

@TaskGenerator
def look(i):
    time.sleep(SECONDS)
    with open("log", "a") as file:
        print(os.getcwd(), oct(os.umask(0o022)), file=file)
    return i

first = [change(i) for i in range(3)]
barrier()
second = [look(i) for i in range(3)]
"""


@pytest.mark.parametrize("seconds", [0, 0.6], ids=["in a batch", "singly"])
@pytest.mark.parametrize(("change", "words"), CHANGES.values(), ids=CHANGES)
def test_a_worker_survives_what_a_task_does_to_its_process(jughpc, change, words, seconds):
    jughpc.write("changes.py", JUGFILE.replace("CHANGE", change).replace("SECONDS", str(seconds)))
    done = jughpc("execute", "changes.py", "--short", PYTHONWARNINGS="default")
    assert done.returncode == 0, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    if "0, 4096" not in change:  # else there is nowhere left to print to
        assert "Executed:  6 tasks" in done.stdout
    assert set((jughpc.cwd / "log").read_text().splitlines()) == {f"{jughpc.cwd} 0o22"}
    assert jughpc("check", "changes.py").returncode == 0


def test_what_many_tasks_leave_behind_is_said_once(jughpc):
    text = JUGFILE.replace("if i == 1", "if True").replace("CHANGE", "os.chdir('/')").replace("SECONDS", "0")
    jughpc.write("changes.py", text)
    assert jughpc("execute", "changes.py").stderr.count("another working directory") == 1


SETTING_UP = """
import os, signal
from jug import TaskGenerator
os.mkdir("below") if not os.path.exists("below") else None
os.chdir("below")
os.umask(0o007)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)

@TaskGenerator
def where(i):
    return os.path.basename(os.getcwd()), os.umask(0o007), signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN

first = where(1)
if first.can_load():
    second = where(2)
"""


def test_what_a_jugfile_sets_up_at_its_load_holds_for_its_tasks_but_for_the_workers_signals(jughpc):
    jughpc.write("sets.py", SETTING_UP + "from jug import barrier\nbarrier()\n")
    assert jughpc("execute", "sets.py").returncode == 0
    jughpc.write("show.py", "import json\nprint(json.dumps(value([first, second])))\n")
    assert (
        json.loads(jughpc("reduce", "sets.py", "--script", str(jughpc.cwd / "show.py")).stdout)
        == [["below", 7, False]] * 2
    )


@pytest.fixture
def group(until):
    """Return a memory cgroup of 100 MB of our own, where one can be made."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    mine = next((line.split(":", 2)[2] for line in lines if line.split(":")[1] == "memory"), "")
    place = Path(f"/sys/fs/cgroup/memory{mine}/jughpc-{os.getpid()}")
    try:
        place.mkdir()
    except OSError:
        pytest.skip("no memory cgroup (v1) can be made here")
    (place / "memory.limit_in_bytes").write_text("100000000")
    yield place
    until(lambda: _is_removed(place))  # what was killed in it takes a moment to be gone


def _is_removed(place):
    try:
        place.rmdir()
    except OSError:
        return False
    return True


def test_a_worker_that_its_cgroup_killed_for_lack_of_memory_died_of_that(jughpc, group, wait_for):
    jughpc.write("eats.py", "from jug import Task\none = Task(bytearray, 500_000_000)\n")
    within = f"echo $$ > {group}/cgroup.procs; exec {shlex.join(jughpc.argv('execute', 'eats.py'))}"
    done = subprocess.run(["sh", "-c", within], cwd=jughpc.cwd, env=jughpc.environ, capture_output=True, check=False)
    assert done.returncode == -9
    (record,) = jughpc.cwd.glob("eats.jugdata/workers/*")
    wait_for(lambda: "its cgroup ran out of memory" in record.read_text())
