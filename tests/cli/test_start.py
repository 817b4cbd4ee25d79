"""What a command imports before it works: people wait for that each time."""

from __future__ import annotations

import pytest


def imported(done):
    """Return the modules that a command said it imported, with PYTHONPROFILEIMPORTTIME set."""
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_the_help_imports_no_more_than_it_shows(jughpc):
    modules = imported(jughpc("--help", PYTHONPROFILEIMPORTTIME="1"))
    assert "jughpc.cli.main" in modules
    assert not [name for name in modules if name.startswith(("jughpc.store", "jughpc.app", "jughpc.jug", "numpy"))]


@pytest.mark.parametrize("command", [["execute"], ["execute", "--short"]], ids=" ".join)
def test_work_that_needs_no_numpy_is_done_and_found_to_be_finished_without(three, command):
    for _ in range(2):
        modules = imported(three(*command, "three.py", PYTHONPROFILEIMPORTTIME="1"))
        assert "jughpc.worker.loop" in modules
        assert "numpy" not in modules
