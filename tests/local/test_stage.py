"""Elements that import from their node's own disk: packed, unpacked, used by several workers, removed."""

from __future__ import annotations

import importlib.util
import os
import sys
import venv
from pathlib import Path

import pytest

JUGFILE = """
import helper, jinja2, jughpc.worker.crew, numpy, os
from jug import TaskGenerator

@TaskGenerator
def where(n):
    import tool, yaml
    modules = helper, jinja2, jughpc.worker.crew, numpy, yaml, tool
    return [os.path.abspath(m.__file__) for m in modules] + [tool.data()]

found = [where(n) for n in range(4)]
"""
TOOL = """
from pathlib import Path

def data():
    return (Path(__file__).parents[2] / "data" / "own.txt").read_text()
"""
REDUCE = "print('found', *value(found[0]))\n"
NEEDED = "_yaml click jinja2 markdown_it markupsafe mdurl numpy numpy.libs psutil pygments rich yaml"


@pytest.fixture
def python(tmp_path):
    """Return the interpreter of an environment: what jughpc needs is there by links, it and a project by folders."""
    venv.create(tmp_path / "env", symlinks=True)
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    installed = Path(importlib.util.find_spec("numpy").origin).parents[1]
    for name in NEEDED.split():
        if (installed / name).exists():
            (site / name).symlink_to(installed / name)
    jughpc = Path(importlib.util.find_spec("jughpc").origin).parents[1]
    (site / "jughpc.pth").write_text(f"{jughpc}\n{jughpc}/jughpc/importable\n")
    for name, text in {"src/tool/__init__.py": TOOL, "data/own.txt": "beside", "pyproject.toml": ""}.items():
        (tmp_path / "project" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "project" / name).write_text(text)
    (site / "tool.pth").write_text(f"{tmp_path}/project/src\n")
    return tmp_path / "env" / "bin" / Path(sys.executable).name


@pytest.fixture
def laptop(user, tmp_path):
    (disk := tmp_path / "disk").mkdir()
    own = {"JUGHPC_SCHEDULER": "local", "XDG_STATE_HOME": str(tmp_path / "state"), "TMPDIR": str(disk)}
    someone = user(os.environ | own)
    (tmp_path / "finding.py").write_text(JUGFILE)
    (tmp_path / "helper.py").touch()
    (tmp_path / "tell.py").write_text(REDUCE)
    yield someone
    someone.run("cancel")


def test_elements_import_from_their_nodes_disk_and_leave_nothing_there(laptop, python, tmp_path):
    how = ("--stage", "--python", str(python), "--workers", "2", "--reduce", "tell.py", "--wait")
    told = laptop.jughpc("submit", "finding.py", *how)
    assert "MB in " in told
    assert "packed once, beside the results" in told
    helper, *others, data = next(line for line in told.splitlines() if line.startswith("found")).split()[1:]
    assert (helper, data) == (str(tmp_path / "helper.py"), "beside")
    home = tmp_path / "disk" / f"jughpc-{os.getuid()}"
    assert [Path(path).is_relative_to(home) for path in others] == [True] * 5, others
    assert list(home.iterdir()) == []
    (laptop.folder / "finding.py").write_text(JUGFILE.replace("range(4)", "range(5)"))
    assert "packed by an earlier submit" in laptop.jughpc("submit", "finding.py", *how, "--dry-run")
    told = laptop.jughpc("cleanup")
    assert "1 environments that no node unpacks any more" in told
