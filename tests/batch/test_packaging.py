"""Templates travel with every kind of install."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.local

CHECKOUT = Path(__file__).parents[2]

RENDER = """
from pathlib import Path
import jughpc
from jughpc.batch.scheduler import Job, Role
from jughpc.batch.registry import names, scheduler
from jughpc.batch.script import render
for system in names():
    for role in Role:
        render(Job(role, "a", ("b",), 1, 0, 1, None, Path("/s"), "/l", Path("/")), scheduler(system))
print(jughpc.__file__)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an sdist of this checkout and the wheel that is built from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def templates(names: list[str], folder: str) -> set[str]:
    return {name.removeprefix(folder) for name in names if name.startswith(folder) and name.endswith(".j2")}


SHIPPED = {str(path.relative_to(CHECKOUT / "templates")) for path in (CHECKOUT / "templates").rglob("*.j2")}


def test_an_sdist_carries_all_templates(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = [name.partition("/")[2] for name in sdist.getnames()]  # all lie in one folder
    assert templates(names, "templates/") == SHIPPED


def test_a_wheel_carries_all_templates(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        assert templates(wheel.namelist(), "jughpc/templates/") == SHIPPED


def test_scripts_are_rendered_from_an_unpacked_wheel(built, tmp_path):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path)
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{RENDER}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == f"{tmp_path}/jughpc/__init__.py\n", done.stderr


def test_scripts_are_rendered_from_the_checkout():
    done = subprocess.run([sys.executable, "-c", RENDER], cwd=CHECKOUT, capture_output=True, text=True)
    assert done.stdout == f"{CHECKOUT}/jughpc/__init__.py\n", done.stderr
