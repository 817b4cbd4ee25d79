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


VERSIONS = ("3", "4.2")


@dataclass(frozen=True)
class Nfs:
    """Two clients of one export. All else that they see are this machine's files.

    Attributes:
        folder: Logs and state of the three machines.
        clients: Their hostnames.
        server: That of the file server.
        versions: By which each client mounts the export, side by side.
    """

    folder: Path
    clients: tuple[str, ...] = ("node1", "node2")
    server: str = "nfsserver"
    versions: tuple[str, ...] = VERSIONS

    def mount(self, version: str) -> Path:
        """Return where the clients mount the export by this version; on this machine it is an empty folder."""
        return self.folder / "mnt" / version

    def address(self, client: str) -> str:
        """Return a client's address on this machine's network."""
        lines = (self.folder / "etc" / "hosts").read_text().split("\n")
        return next(line.split()[0] for line in lines if line.endswith(f" {client}"))

    def act(self, action: str, client: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Let nfs-node do `action`: exec a command, crash, start, or mount a version with options."""
        argv = [SCRIPTS / "nfs-node", self.folder, action, client, *words]
        return subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, check=False)

    def mount_all(self, *options: str) -> None:
        """Mount the export anew by both versions on all clients, so that nothing is cached."""
        for client in self.clients:
            for version in self.versions:
                mounted = self.act("mount", client, version, *options)
                assert mounted.returncode == 0, mounted.stderr

    def start(self, client: str, *argv: str, **environ: str) -> subprocess.Popen[str]:
        """Start `jughpc ARGV` on a client or the server, with these variables added."""
        return self.start_python(client, "-m", "jughpc", *argv, **environ)

    def start_python(self, client: str, *argv: str, **environ: str) -> subprocess.Popen[str]:
        """Start `python ARGV` on a client or the server, with these variables added."""
        return subprocess.Popen(
            [SCRIPTS / "nfs-node", self.folder, "exec", client, sys.executable, *argv],
            cwd=self.folder, env={**os.environ, **environ}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    @staticmethod
    def ended(process: subprocess.Popen[str], code: int = 0) -> str:
        """Wait for a process, which must end with `code`; return what it said."""
        said, _ = process.communicate(timeout=300)
        assert process.returncode == code, said
        return said

    def calls(self, client: str, version: str) -> Counter[str]:
        """Return the calls that a client's kernel has made through this mount, by name."""
        mounts = self.run(client, "cat", "/proc/self/mountstats").split("device ")
        (ours,) = (text for text in mounts if f"mounted on {self.mount(version)} " in text)
        counts = re.findall(r"^\s+([A-Z_0-9]+): (\d+) ", ours, re.MULTILINE)
        return Counter({name: int(count) for name, count in counts})

    def run(self, client: str, *argv: str) -> str:
        """Return what a command prints on a client; it must succeed."""
        done = self.act("exec", client, *argv)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Play the test by each version."""
    return str(request.param)


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
