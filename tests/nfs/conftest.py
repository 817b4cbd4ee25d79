"""An NFS server and two clients with kernels of their own, booted on this machine for the session."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGES = "user-mode-linux kmod nfs-common nfs-kernel-server rpcbind e2fsprogs iproute2"
SCRIPTS = Path(__file__).parents[1] / "lab" / "nfs"


@dataclass(frozen=True)
class Nfs:
    """Two clients of one export. All else that they see are this machine's files.

    Attributes:
        folder: Logs and state of the three machines.
        clients: Their hostnames.
    """

    folder: Path
    clients: tuple[str, ...] = ("node1", "node2")

    @property
    def mount(self) -> Path:
        """Where the clients mount the export; on this machine it is an empty folder."""
        return self.folder / "mnt"

    def act(self, action: str, client: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Let nfs-node do `action`: exec a command, crash, start, or mount a version with options."""
        argv = [SCRIPTS / "nfs-node", self.folder, action, client, *words]
        return subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, check=False)

    def mount_all(self, version: str, *options: str) -> None:
        """Mount the export anew on all clients, so that nothing is cached."""
        for client in self.clients:
            mounted = self.act("mount", client, version, *options)
            assert mounted.returncode == 0, mounted.stderr

    def start(self, client: str, *argv: str, **environ: str) -> subprocess.Popen[str]:
        """Start `jughpc ARGV` on a client, with these variables added."""
        command = [SCRIPTS / "nfs-node", self.folder, "exec", client, sys.executable, "-m", "jughpc", *argv]
        return subprocess.Popen(
            command, cwd=self.folder, env={**os.environ, **environ}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def calls(self, client: str) -> Counter[str]:
        """Return the calls that a client's kernel has made to the file server since it was mounted, by name."""
        mounts = self.run(client, "cat", "/proc/self/mountstats").split("device ")
        (ours,) = (text for text in mounts if f"mounted on {self.mount} " in text)
        counts = re.findall(r"^\s+([A-Z_0-9]+): (\d+) ", ours, re.MULTILINE)
        return Counter({name: int(count) for name, count in counts})

    def run(self, client: str, *argv: str) -> str:
        """Return what a command prints on a client; it must succeed."""
        done = self.act("exec", client, *argv)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def nfs(tmp_path_factory: pytest.TempPathFactory, give_up: Callable[[str], None]) -> Iterator[Nfs]:
    if os.geteuid() != 0:
        give_up("booting NFS clients needs root, for their network")
    if absent := [name for name in ("linux.uml", "mount.nfs", "rpc.nfsd", "rpcbind", "ip") if not shutil.which(name)]:
        give_up(f"no {', '.join(absent)}: apt-get install {PACKAGES}")
    folder = tmp_path_factory.mktemp("nfs")
    try:
        booted = subprocess.run([SCRIPTS / "nfs-up", folder], capture_output=True, text=True, check=False)
        if booted.returncode:
            give_up(booted.stderr)
        yield Nfs(folder)
    finally:
        subprocess.run([SCRIPTS / "nfs-down", folder], capture_output=True, check=False)
