"""Use cases in this process: what loading a jugfile changes in it is put back."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.config.settings import Settings
from jughpc.fs import OsClock
from jughpc.store.location import Folder
from jughpc.tasks import hooks, task
from tests.app.lab import Lab

NAP = """
import time
from jug import TaskGenerator

@TaskGenerator
def quick(x):
    return x

@TaskGenerator
def nap(x):
    time.sleep(60)
    return x

one = quick(1)
two = nap(one)
"""


JUGFILES = ("napping", "sums", "sums_reduce", "old")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    path, argv, store = list(sys.path), list(sys.argv), task.Task.store
    yield
    sys.path[:], sys.argv[:], task.Task.store = path, argv, store
    for name in JUGFILES:
        sys.modules.pop(name, None)
    task.alltasks.clear()
    hooks.reset_all_hooks()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Return a jugfile of nine tasks, its jugdir on simulated files, and a simulated Slurm; nothing was made yet."""
    return Lab(tmp_path)


@pytest.fixture
def labs(tmp_path: Path) -> Callable[..., Lab]:
    """Return what makes the same, but for what is said."""
    return lambda **more: Lab(tmp_path, **more)


@pytest.fixture
def napping(tmp_path: Path) -> Site:
    """Return a jugfile whose second task takes a minute."""
    path = tmp_path / "napping.py"
    path.write_text(NAP)
    target = Target(path, Folder(tmp_path / "napping.jugdata"))
    return Site(target, Settings(), OsClock(), print, tmp_path)


@pytest.fixture
def worker(napping: Site) -> Iterator[subprocess.Popen[bytes]]:
    """Return a live worker that has run the first task and holds the second."""
    jugfile, jugdir = str(napping.target.jugfile), napping.location.spell()
    argv = [sys.executable, "-m", "jughpc", "execute", jugfile, "--jugdir", jugdir]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL, cwd=napping.target.jugfile.parent) as process:
        end = time.monotonic() + 60
        try:
            while not any(b"napping.nap" in path.read_bytes() for path in napping.location.folder().glob("workers/*")):
                assert time.monotonic() < end, "the worker never said what it runs"
                time.sleep(0.02)
            yield process
        finally:
            process.kill()
