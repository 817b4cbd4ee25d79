"""Elements that run in an image, by Charliecloud where this machine has it: no daemon, no root, no other PID namespace.

Where it is not there, or users may make no namespaces, a script stands for it, which only runs what it is given.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jughpc.batch import images
from jughpc.batch.container import RUNTIMES

JUGFILE = """
import os, time
from jug import TaskGenerator

@TaskGenerator
def where(n):
    import jughpc, numpy, sys
    return [sys.prefix, jughpc.__file__, os.path.exists("/etc/image"), os.environ["OWN"], numpy.arange(n)]

found = [where(n) for n in range(4)]
"""
SLEEPING = """
import time
from jug import TaskGenerator

@TaskGenerator
def sleep(n):
    open("began", "w").close()
    time.sleep(600)

slept = sleep(1)
"""
REDUCE = "print('found', *value(found[3]))\n"
STANDIN = """#!/bin/sh
# Run what stands behind `--`, with what is bound in /jughpc where it lies here.
while [ "$1" != -- ]; do shift; done
python="$2"
shift 3
exec "$python" {home}/jughpc/lent.py "$@"
"""
BASE = Path(sys.base_prefix)


@pytest.fixture
def image(tmp_path):
    """Return an image that has the interpreter of this machine, and nothing that was installed for this one."""
    root = tmp_path / "image"
    for name in ("dev", "etc", "home", "jughpc/jughpc", "proc", "root", "sys", "tmp", "usr", str(tmp_path)[1:]):
        (root / name).mkdir(parents=True, exist_ok=True)
    for number in range(len(images.chosen("x://", "apptainer").lent)):
        (root / "jughpc" / str(number)).mkdir()
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for name in ("group", "hosts", "image", "passwd", "resolv.conf"):
        (root / "etc" / name).touch()
    (root / BASE.relative_to("/")).mkdir(parents=True, exist_ok=True)
    return root


@pytest.fixture
def is_real(tmp_path, image):
    """Return whether Charliecloud can run here; if not, put a script in its place."""
    command, argv = RUNTIMES["charliecloud"].begin[0], ["--bind", "/usr:/usr", str(image), "--", "/usr/bin/true"]
    env = {**os.environ, "USER": "x"}
    if shutil.which(command) and not subprocess.run([command, *argv], env=env, capture_output=True).returncode:
        return True
    (home := tmp_path / "home").mkdir()
    (home / "jughpc").symlink_to(images.chosen("x://", "apptainer").package)
    (home / "0").symlink_to(images.chosen("x://", "apptainer").lent[0])
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / command).write_text(STANDIN.format(home=home))
    (tmp_path / "bin" / command).chmod(0o755)
    return False


@pytest.fixture
def laptop(user, tmp_path, is_real):
    path = os.environ["PATH"] if is_real else f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    own = {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(tmp_path / "state"), "PATH": path, "OWN": "told"}
    someone = user(os.environ | own)
    (tmp_path / "finding.py").write_text(JUGFILE)
    (tmp_path / "sleeping.py").write_text(SLEEPING)
    (tmp_path / "tell.py").write_text(REDUCE)
    yield someone
    someone.run("cancel")


@pytest.fixture
def contained(image):
    """Return the options that have elements run in the image."""
    python = BASE / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    bound = "--bind /usr:/usr" + ("" if BASE.is_relative_to("/usr") else f" --bind {BASE}:{BASE}")
    how = ("--container-runtime", "charliecloud", "--container-options", bound, "--python", str(python))
    return ("--container", str(image), *how)


def test_elements_and_reduce_run_in_an_image_that_has_no_jughpc(laptop, contained, is_real):
    told = laptop.jughpc("submit", "finding.py", "--workers", "2", *contained, "--reduce", "tell.py", "--wait")
    found = next(line for line in told.splitlines() if line.startswith("found"))
    package = "/jughpc/jughpc/__init__.py" if is_real else str(laptop.folder / "home" / "jughpc" / "__init__.py")
    assert found == f"found {BASE} {package} {is_real} told [0 1 2]"


def test_a_signal_to_the_pid_that_status_tells_reaches_the_worker_in_its_image_which_ends_in_order(
    laptop, contained, until
):
    laptop.jughpc("submit", "sleeping.py", "--rounds", "0", *contained)
    until(lambda: (laptop.folder / "began").exists())
    (worker,) = laptop.status("sleeping.py")["workers"]
    os.kill(worker["pid"], signal.SIGTERM)
    until(lambda: list((laptop.folder / "sleeping.jugdata" / "workers").glob("*.ended")))
    assert laptop.claims() == []
