"""Processes that the user starts, in a task or by hand, find `jug` and the functions of the jugfile."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

POOLS = """
import multiprocessing, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
from {jug} import TaskGenerator, barrier, bvalue

def square(x):
    return x * x

@TaskGenerator
def pool(method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        return pool.map(square, range(4))

@TaskGenerator
def executor(method):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        return list(pool.map(later, range(4)))

@TaskGenerator
def joblibs(context):
    from joblib import Parallel, delayed
    return Parallel(n_jobs=2)(delayed(square)(x) for x in range(4))

@TaskGenerator
def command():
    code = "import jug, jug.mapreduce; from jug.task import TaskGenerator; print(jug.__name__)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

METHODS = ["fork", "spawn", "forkserver"]
first = [pool(method) for method in METHODS]
joined = bvalue(first)

def later(x):
    return square(x) + len(joined) - 3

second = [executor(method) for method in METHODS] + [joblibs(0)], command()
"""

SHOW = "assert value(first) == [[0, 1, 4, 9]] * 3\nassert value(second) == ([[0, 1, 4, 9]] * 4, 'jughpc.jug\\n')\n"


@pytest.mark.parametrize("jug", ["jug", "jughpc"])
def test_pools_of_all_kinds_find_the_jugfiles_functions_before_and_behind_a_barrier(jughpc, jug):
    jughpc.write("pools.py", POOLS.replace("{jug}", jug))
    jughpc.write("show.py", SHOW)
    done = subprocess.run(  # without `-W error`, which pools of several threads could not stand
        [sys.executable, "-m", "jughpc", "execute", "pools.py"], cwd=jughpc.cwd, env=jughpc.environ, timeout=100,
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert jughpc("reduce", "pools.py", "--script", "show.py").returncode == 0


def python(jughpc, *argv):
    return subprocess.run(
        [sys.executable, *argv], cwd=jughpc.cwd, env=jughpc.environ, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


@pytest.mark.parametrize("jug", ["jug", "jughpc"])
def test_a_plain_script_says_that_it_computed_nothing_and_what_to_type(jughpc, jug):
    jughpc.write("first.py", f"from {jug} import TaskGenerator\n@TaskGenerator\ndef f(x): return x\nf(1), f(2)\n")
    done = python(jughpc, "first.py")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "first.py made 2 tasks, and computed none of them. To do so: jughpc execute first.py, "
        "or python first.py --here\n"
    )
    assert jughpc.names() == {"first.py"}


def test_a_plain_script_runs_its_tasks_if_it_is_told_to(jughpc):
    jughpc.write(
        "first.py", "import sys\nfrom jug import TaskGenerator\n@TaskGenerator\ndef f(x): return x\nf(sys.argv[1:])\n"
    )
    done = python(jughpc, "first.py", "--here", "a", "-b")
    assert done.returncode == 0, done.stderr
    assert "first.f" in done.stdout
    assert jughpc("check", "first.py", "--", "a", "-b").returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "import jughpc\njughpc.init('three.py', 'x.jugdata')\nprint(0)",
        "from jug import set_jugdir, TaskGenerator\nset_jugdir('x.jugdata')\nTaskGenerator(abs)(1).run()\nprint(0)",
        "import jug\nprint(0)",
    ],
)
def test_a_script_that_uses_the_library_on_purpose_hears_nothing(three, text):
    three.write("use.py", text)
    done = python(three, "use.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_type_checkers_find_jug(jughpc):
    jughpc.write(
        "typed.py",
        "import jug.mapreduce\nfrom jug import TaskGenerator, barrier, value\nfrom jug.utils import identity\n\n"
        "@TaskGenerator\ndef double(x: int) -> int:\n    return 2 * x\n\nbarrier()\nreveal_type(value(double(1)))\n",
    )
    done = python(jughpc, "-m", "mypy", "--strict", "typed.py")
    assert (done.returncode, 'Revealed type is "int"' in done.stdout) == (0, True), done.stdout


def test_each_module_of_jugs_has_a_stub():
    face = Path(find_spec("jughpc.jug").origin).parent
    stubs = Path(__file__).parents[2] / "site-packages" / "jug-stubs"
    modules = {str(path.relative_to(face).with_suffix("")) for path in face.rglob("*.py")}
    assert {str(path.relative_to(stubs).with_suffix("")) for path in stubs.rglob("*.pyi")} == modules
