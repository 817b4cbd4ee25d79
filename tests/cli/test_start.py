"""What a command imports before it works: people wait for that each time."""

from __future__ import annotations

import pytest

NEEDLESS = (  # each has other modules behind it: what a cold node gets from its file server before the first task
    "numpy", "rich", "jinja2", "yaml", "psutil", "subprocess", "secrets", "tempfile", "importlib.resources",
    "jughpc.batch", "jughpc.web", "jughpc.store.redis", "jughpc.worker.crew", "jughpc.worker.seat",
    "jughpc.worker.spawning", "jughpc.cli.debugger", "jughpc.store.files.leftovers",
)  # fmt: skip

OF_A_FIRST_RUN = (  # which makes a store and a manifest
    "zipfile", "shutil", "bz2", "lzma", "jughpc.store.memory",
)  # fmt: skip


def imported(done):
    """Return the modules that a command said it imported, with PYTHONPROFILEIMPORTTIME set."""
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_the_help_imports_no_more_than_it_shows(jughpc):
    modules = imported(jughpc("--help", PYTHONPROFILEIMPORTTIME="1"))
    assert "jughpc.cli.main" in modules
    assert not [name for name in modules if name.startswith(("jughpc.store", "jughpc.app", "jughpc.jug", "numpy"))]


@pytest.mark.parametrize("command", [["execute"], ["execute", "--short"]], ids=" ".join)
def test_a_worker_does_and_finds_finished_what_needs_little_without_more(three, command):
    for needless in (NEEDLESS, (*NEEDLESS, *OF_A_FIRST_RUN)):
        modules = imported(three(*command, "three.py", PYTHONPROFILEIMPORTTIME="1"))
        assert "jughpc.worker.loop" in modules
        assert not [name for name in modules if name.startswith(needless)]
