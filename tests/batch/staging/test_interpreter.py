"""What an interpreter tells of its imports."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from jughpc.batch.staging.interpreter import ask
from jughpc.errors import SettingError

pytestmark = pytest.mark.local


def test_an_interpreter_tells_what_it_imports_from():
    told = ask(sys.executable)
    assert Path(os.__file__).parent == told.library
    assert {path for path in map(Path, sys.path) if path.name == "site-packages"} <= set(told.path)


def test_a_users_modules_do_not_take_the_place_of_pythons(tmp_path, monkeypatch):
    for name in ("json", "sysconfig", "types"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the user's')")
    monkeypatch.chdir(tmp_path)
    assert ask(sys.executable).library == Path(os.__file__).parent


def test_what_is_no_python_is_told(tmp_path):
    with pytest.raises(SettingError, match="/bin/false does not tell"):
        ask("/bin/false")


def test_paths_and_import_hooks_of_editable_installs_are_told(tmp_path):
    venv.create(tmp_path / "env", symlinks=True)
    (site,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    (source := tmp_path / "source").mkdir()
    (site / "by_path.pth").write_text(f"{source}\n")
    (site / "__editable__.tool.pth").write_text("import __editable___tool_finder\n")
    (site / "__editable___tool_finder.py").write_text("MAPPING = {'tool': '/somewhere/src/tool', 'odd': {7}}\n")
    told = ask(f"{tmp_path}/env/bin/{Path(sys.executable).name}")
    assert {site, source} <= set(told.path)
    assert told.editable == {"tool": Path("/somewhere/src/tool")}
