"""A package that adds a scheduler, installed as its users install it, and its own tests, as they run them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def install(package: Path, place: Path) -> dict[str, str]:
    """Install what lies in `package` below `place`, and return the environment of processes that find it."""
    how = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    argv = [sys.executable, "-m", "pip", "install", "-q", *how, "--target", str(place / "site"), str(package)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (place / "home").mkdir()
    clean = {key: value for key, value in os.environ.items() if not key.startswith("JUGHPC_")}
    return clean | {"PYTHONPATH": str(place / "site"), "HOME": str(place / "home")}


def run_tests(package: Path, env: Mapping[str, str], place: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests of a package, without a trace of it but below `place`."""
    argv = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-c", "/dev/null", "-p", "no:cacheprovider", "tests"]
    argv += ["--rootdir", str(package), "--basetemp", str(place / "tests")]
    return subprocess.run(
        argv, cwd=package, env={**env, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False
    )
