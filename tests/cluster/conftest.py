"""Private Slurm clusters, booted on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.lab import Cluster, boot
from tests.cluster.together import Boot, Started, begun


@pytest.fixture(scope="session")
def boots(tmp_path_factory: pytest.TempPathFactory, give_up: Callable[[str], None]) -> Boot:
    """Return what boots a cluster, given its number of nodes and lines of its configuration, and stops it."""
    if os.geteuid() != 0:
        give_up("booting a cluster needs root, for namespaces")
    if absent := [name for name in ("slurmctld", "munged", "ip", "pgrep") if not shutil.which(name)]:
        give_up(f"no {', '.join(absent)}: apt-get install slurm-wlm munge iproute2 procps")
    return lambda nodes, *lines: boot(tmp_path_factory.mktemp("slurm"), nodes, lines, give_up)


@pytest.fixture(scope="session")
def cluster(boots: Boot) -> Iterator[Cluster]:
    """Yield a cluster of four nodes, for the session."""
    with boots(4) as booted:
        yield booted


@pytest.fixture(scope="session", autouse=True)
def started(request: pytest.FixtureRequest, boots: Boot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Yield the tests that run at the same time, and beside all others here, each as what comes of it, by name."""
    functions = [getattr(item, "function", None) for item in request.session.items]
    with begun(functions, boots, tmp_path_factory.mktemp) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that run beside others be the last of this folder: by then they may be over."""
    mine = [place for place, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted((items[place] for place in mine), key=lambda item: hasattr(item.function, "together"))
    for place, item in zip(mine, ordered, strict=True):
        items[place] = item
