"""A private Slurm cluster of four nodes, booted on this machine for the session."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "lab" / "slurm"


@dataclass(frozen=True)
class Cluster:
    """Four nodes with hostnames of their own, which share this machine's files; this machine is the login node.

    Attributes:
        folder: Its configuration, logs and state.
        nodes: Their hostnames.
    """

    folder: Path
    nodes: tuple[str, ...] = ("node1", "node2", "node3", "node4")

    @property
    def env(self) -> dict[str, str]:
        """The environment in which sbatch, squeue and jughpc find this cluster."""
        return os.environ | {"SLURM_CONF": str(self.folder / "etc" / "slurm.conf")}

    def run(self, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command on the login node."""
        return subprocess.run(argv, cwd=cwd, env=self.env, capture_output=True, text=True, check=False)

    def node(self, action: str, node: str, *argv: str) -> str:
        """Return what slurm-node prints: `action` is crash, start, net-down, net-up, or exec of `argv`."""
        done = self.run(str(SCRIPTS / "slurm-node"), str(self.folder), action, node, *argv)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, give_up: Callable[[str], None]) -> Iterator[Cluster]:
    if os.geteuid() != 0:
        give_up("booting a cluster needs root, for namespaces")
    if absent := [name for name in ("slurmctld", "munged", "ip", "pgrep") if not shutil.which(name)]:
        give_up(f"no {', '.join(absent)}: apt-get install slurm-wlm munge iproute2 procps")
    folder = tmp_path_factory.mktemp("slurm")
    try:
        booted = subprocess.run([SCRIPTS / "slurm-up", folder], capture_output=True, text=True, check=False)
        if booted.returncode:
            give_up(booted.stderr)
        yield Cluster(folder)
    finally:
        subprocess.run([SCRIPTS / "slurm-down", folder], check=False)
