"""What holds the rooms apart: the import contracts of pyproject.toml, and what no import can show."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import jughpc

PACKAGE = Path(jughpc.__file__).parent
ROOT = PACKAGE.parent

BREACHES = [
    ("tasks", "import jughpc.store", "layers"),
    ("batch", "import jughpc.worker", "layers"),
    ("worker", "import jughpc.app", "layers"),
    ("jug", "import jughpc.worker", "jug"),
    ("batch", "import jughpc.tasks", "batch"),
    ("web", "import jughpc.cli", "layers"),
    ("config", "import click", "click"),
    ("app", "import jughpc.testing", "testing"),
    ("store", "import os", "system"),
    ("app", "from time import sleep", "system"),
    ("batch", "import subprocess", "system"),
    ("tasks", "import signal", "system"),
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of the package, to be spoiled."""
    shutil.copytree(PACKAGE, tmp_path / "jughpc", ignore=shutil.ignore_patterns("__pycache__", "templates"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint_imports(folder: Path, contract: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("lint-imports")
    argv = [tool, "--no-logo", "--no-cache", "--contract", contract]
    return subprocess.run(
        argv, cwd=folder, env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("room", "line", "contract"), BREACHES)
def test_an_import_that_the_design_forbids_is_found_even_in_a_function(copy, room, line, contract):
    (copy / "jughpc" / room / "breach.py").write_text(f"def lazy():\n    {line}\n")
    found = lint_imports(copy, contract)
    assert found.returncode == 1
    assert f"jughpc.{room}.breach -> " in found.stdout


def test_a_module_without_a_layer_is_found(copy):
    (copy / "jughpc" / "drawer.py").write_text("")
    found = lint_imports(copy, "layers")
    assert found.returncode == 1
    assert "drawer" in found.stdout


@pytest.mark.parametrize("room", ["tasks", "store", "worker"])
def test_no_batch_system_is_named_where_tasks_results_and_workers_are(room):
    modules = list((PACKAGE / room).rglob("*.py"))
    assert modules
    assert [path.name for path in modules if re.search("(?i)slurm|pbs|sbatch|qsub", path.read_text())] == []
