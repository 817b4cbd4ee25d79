"""A folder in which commands are typed; docs/from-jug.md tells which test shows which of jug's faults gone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


@pytest.fixture
def jughpc(folder: Path, tmp_path: Path) -> Callable[..., Done]:
    """Return what runs `jughpc ARGV` in `folder`, for somebody without settings."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("JUGHPC_", "JUG_"))}
    environ |= {"HOME": str(tmp_path), "COLUMNS": "80"}

    def run(*argv: str) -> Done:
        command = [sys.executable, "-W", "error", "-m", "jughpc", *argv]
        return subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return run
