"""docs/new-scheduler.md leads from an empty folder to a scheduler that passes the contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packaged import install, run_tests

pytestmark = pytest.mark.local

PAGE = (Path(__file__).parents[1] / "docs" / "new-scheduler.md").read_text()


def block(opening: str) -> str:
    """Return the text of the page's block that begins so."""
    return PAGE.partition(f"{opening}\n")[2].partition("\n```")[0] + "\n"


def test_whoever_follows_the_page_has_a_scheduler_that_passes(tmp_path):
    package = tmp_path / "jughpc-mybatch"
    templates = package / "jughpc_mybatch" / "templates" / "mybatch"
    files = {
        package / "pyproject.toml": block("```toml"),
        package / "jughpc_mybatch" / "__init__.py": block("<!-- tested: module -->\n```python"),
        templates / "_common.sh.j2": block("<!-- tested: template -->\n```text"),
        package / "tests" / "test_mybatch.py": block("<!-- tested: tests -->\n```python"),
    }
    line = re.search(r'\{% extends "mybatch/_common.sh.j2" %\}', PAGE)[0]
    for path, text in {
        **files,
        **{templates / f"{role}.sh.j2": line for role in ("array", "collect", "reduce")},
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = run_tests(package, install(package, tmp_path), tmp_path)
    assert (done.returncode, " passed" in done.stdout) == (0, True), done.stdout + done.stderr
