"""The real command, run as people run it, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from jughpc.batch.local.states import latest_supervisor
from jughpc.fs import OsClock, OsFiles

from .machine_faults import JUGFILE, Place

Done = subprocess.CompletedProcess[str]

THREE = """
from jug import TaskGenerator

@TaskGenerator
def double(x):
    return 2 * x

@TaskGenerator
def add(a, b):
    return a + b

one, two = double(1), double(2)
both = add(one, two)
"""

FAILING = """
from jug import TaskGenerator

@TaskGenerator
def invert(x):
    return 1 / x

@TaskGenerator
def add(a, b):
    return a + b

both = add(invert(0), invert(2))
"""

BARRIER = """
from jug import TaskGenerator, barrier

@TaskGenerator
def double(x):
    return 2 * x

first = [double(i) for i in range(3)]
barrier()
second = [double(task) for task in first]
"""


@dataclass(frozen=True)
class Shell:
    """A folder in which commands are typed.

    Attributes:
        cwd: The folder.
        environ: The environment, with nothing of jughpc's in it.
    """

    cwd: Path
    environ: Mapping[str, str]

    def __call__(self, *argv: str, typed: str = "", **environ: str) -> Done:
        """Run `jughpc ARGV` to its end, with somebody who types this and then nothing more."""
        return subprocess.run(
            self.argv(*argv), cwd=self.cwd, env={**self.environ, **environ},
            capture_output=True, text=True, check=False, timeout=120, input=typed,
        )  # fmt: skip

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Start `jughpc ARGV`."""
        return subprocess.Popen(
            self.argv(*argv), cwd=self.cwd, env=self.environ, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def argv(self, *argv: str) -> list[str]:
        """Return the command line of `jughpc ARGV`."""
        return [sys.executable, "-W", "error", "-m", "jughpc", *argv]

    def write(self, name: str, text: str) -> Path:
        """Write a file here."""
        path = self.cwd / name
        path.write_text(text)
        return path

    def names(self) -> set[str]:
        """Return what is in the folder."""
        return {path.name for path in self.cwd.iterdir()}


@pytest.fixture
def jughpc(tmp_path: Path) -> Shell:
    """Return an empty folder to type commands in, of somebody without a home or settings of their own."""
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("JUGHPC_", "JUG_"))}
    return Shell(here, {**environ, "HOME": str(home), "COLUMNS": "80", "XDG_CONFIG_HOME": ""})


@pytest.fixture
def three(jughpc: Shell) -> Shell:
    """Return a folder with `three.py`: two tasks `double` and a task `add` that needs both."""
    jughpc.write("three.py", THREE)
    return jughpc


@pytest.fixture
def failing(jughpc: Shell) -> Shell:
    """Return a folder with `failing.py`: of its tasks one fails, one does not, and one waits for both."""
    jughpc.write("failing.py", FAILING)
    return jughpc


@pytest.fixture
def barrier(jughpc: Shell) -> Shell:
    """Return a folder with `barrier.py`: three tasks, a barrier, and three that need them."""
    jughpc.write("barrier.py", BARRIER)
    return jughpc


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """Return what waits until something is so, looking often; it fails after ten seconds."""
    import time

    def wait(is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < end, "it never came true"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Path]:
    """Return a place as it is before each test, and a folder with what lies there."""
    base = tmp_path_factory.mktemp("table")
    cwd = base / "here"
    cwd.mkdir()
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("JUGHPC_", "JUG_"))}
    environ |= {"COLUMNS": "80", "XDG_CONFIG_HOME": "", "HOME": str(cwd / "home"), "XDG_STATE_HOME": str(cwd / "state")}
    place = Place(cwd, environ)
    for name in ("home", "held"):
        (cwd / name).mkdir()
    (cwd / "jugfile.py").write_text(JUGFILE)
    (cwd / "reduce.py").write_text("print(sum(value(doubles)))")
    done = place.run("submit", "jugfile.py", "--scheduler", "local", "--wait")
    assert done.returncode == 0, done.stdout + done.stderr
    until_nobody_supervises(place)
    shutil.copytree(cwd, base / "kept")
    return place, base / "kept"


@pytest.fixture
def place(template: tuple[Place, Path]) -> Iterator[Place]:
    """Yield a folder with a jugfile whose tasks are done, by a submission that is over."""
    place, kept = template
    shutil.copytree(kept, place.cwd, dirs_exist_ok=True)
    yield place
    for number in place.submissions() - {"1"}:
        place.run("cancel", "jugfile.py", "--submission", number)
    until_nobody_supervises(place)
    for path in place.cwd.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def until_nobody_supervises(place: Place) -> None:
    end = time.monotonic() + 120
    for folder in place.jugdir.glob("submissions/*/local"):
        while (found := latest_supervisor(OsFiles(folder), OsClock())) and found.alive:
            assert time.monotonic() < end, folder
            time.sleep(0.05)
