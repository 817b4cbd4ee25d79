"""The example of a scheduler that a package of its own adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packaged import install

EXAMPLE = Path(__file__).parents[2] / "examples" / "gridengine"


@pytest.fixture(scope="session")
def with_package(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of processes in which the package is installed."""
    return install(EXAMPLE, tmp_path_factory.mktemp("installed"))
