"""What tests on a real cluster and on real NFS have in common."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def give_up() -> Callable[[str], None]:
    """Return what ends a test that this machine cannot run: a skip, but in CI, where no test is skipped, a failure."""
    return pytest.fail if os.environ.get("CI") == "true" else pytest.skip
