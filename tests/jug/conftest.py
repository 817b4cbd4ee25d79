"""A clean process after each test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from jughpc.tasks.task import Task, alltasks


@pytest.fixture(autouse=True)
def _clean_process() -> Iterator[None]:
    modules, finders, path, argv, here = set(sys.modules), sys.meta_path[:], sys.path[:], sys.argv[:], os.getcwd()
    yield
    for name in set(sys.modules) - modules:
        if not name.startswith("jughpc"):
            del sys.modules[name]
    sys.meta_path[:], sys.path[:], sys.argv[:] = finders, path, argv
    os.chdir(here)
    alltasks.clear()
    Task.store = None
