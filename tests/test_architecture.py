"""What holds the rooms apart: the import contracts of pyproject.toml, and what no import can show."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import jughpc
from jughpc.batch import registry

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
    ("store", "from hashlib import blake2b", "hashes"),
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


NAMED_IN = {"batch/slurm.py", "batch/pbs.py", "batch/lsf.py", "batch/flux.py", "batch/registry.py"}
"""With the modules that share their names: `batch/pbs_limits.py`."""
SYSTEMS = re.compile(
    r"slurm|pbs\b|\bpbs|\blsf|grid.?engine|sbatch|squeue|sacct|scancel|scontrol|qsub|qstat|qdel|bsub|bjobs|bkill|LSB_|\bflux",
    re.IGNORECASE,
)


def spoken(path: Path) -> Iterator[str]:
    """Yield the names and texts of a module; comments and docstrings tell facts, but for those that are help."""
    tree = ast.parse(path.read_text())
    statements = (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    told = set() if path.parent.name == "cli" else set(map(id, statements))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value
        yield from (getattr(node, key) for key in ("id", "attr", "name", "arg", "module") if _is_text(node, key))


def _is_text(node: ast.AST, key: str) -> bool:
    return isinstance(getattr(node, key, None), str)


def test_no_module_but_its_own_names_a_batch_system():
    found = {
        (path.relative_to(PACKAGE).as_posix(), text)
        for path in PACKAGE.rglob("*.py")
        if PACKAGE / "testing" / "cluster" not in path.parents  # it plays these systems
        for text in spoken(path)
        if SYSTEMS.search(text)
    }
    assert {_home(name) for name, _ in found} == NAMED_IN


def test_no_template_but_its_own_names_a_batch_system_nor_does_what_writes_the_documentation():
    shared = [*(ROOT / "templates").glob("*.j2"), *(ROOT / "docs" / "site").glob("*.py")]
    assert len(shared) > 5
    assert [path.name for path in shared if SYSTEMS.search(path.read_text())] == []


def test_each_system_that_ships_has_its_module_its_templates_and_its_tests():
    named = {name: (ROOT / "templates" / name).is_dir() for name in registry.names()}
    assert named == dict.fromkeys(named, True)
    tested = "".join(path.read_text() for path in (ROOT / "tests" / "batch").rglob("test_*.py"))
    kinds = {type(registry.scheduler(name)).__name__ for name in named}
    assert [kind for kind in kinds if f"class Test{kind}(SchedulerContract)" not in tested] == []


def _home(name: str) -> str:
    return re.sub(r"_\w+\.py", ".py", name)


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


ASKS = {"exists", "is_file", "is_dir", "is_symlink", "stat", "lstat", "getsize", "getmtime"}

MAY_ASK = {  # after what no other host makes or removes at that time, or where an old answer does no harm
    "JugFolder.__init__": "jug's own folder, which is only read",
    "JugFolder._read_pack": "jug's own folder, which is only read",
    "RedisStore.shards_in_use": "a server's keys, which it tells truly",
    "Stops.asked": "a file of the user's, seen a little late",
    "Target.is_there": "the user's jugfile",
    "_check": "the user's reduce script and templates",
    "_recall": "the user's jugfile",
    "shipped": "a site's templates",
    "_chosen": "the user's jugfile",
    "_about": "what a task saved: who looks late sees less of it, and no more",
    "entry": "the user's environment",
    "_of_place": "the user's environment",
    "_image": "the user's image",
    "_places": "the user's environment",
    "_tell_changes": "the user's jugfile",
    "clock_ahead": "a file just made here: its time is what is asked after",
    "examine": "the folder that the doctor is asked about",
    "on_scratch": "the doctor's own folder",
    "password_from": "the user's own file",
    "_script_text": "the user's script",
    "unmake_store": "a folder just made here, removed only if empty",
}


def asking(node: ast.AST, inside: str = "") -> Iterator[str]:
    """Yield the functions below `node` that ask whether a path exists, or for its attributes."""
    for child in ast.iter_child_nodes(node):
        name = inside
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            name = f"{inside}.{child.name}".lstrip(".")
        if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr in ASKS:
            yield inside
        yield from asking(child, name)


def test_nothing_that_hosts_share_is_asked_whether_it_exists():
    modules = [path for room in ("store", "worker", "app", "batch") for path in (PACKAGE / room).rglob("*.py")]
    assert {name for path in modules for name in asking(ast.parse(path.read_bytes()))} == MAY_ASK.keys()


def test_a_function_that_asks_whether_a_path_exists_is_found():
    assert list(asking(ast.parse("class A:\n    def look(self):\n        return self.path.exists()"))) == ["A.look"]
