"""Clusters of real Slurm on this machine, and somebody who types on their login node."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import User

SCRIPTS = Path(__file__).parents[1] / "lab" / "slurm"

PATIENCE = 240.0  # [s] until a condition is not waited for any longer; many tests run at the same time
PAUSE = 0.3  # [s] between two looks

WAITS = 'while not Path("go").exists(): sleep(0.1)'
"""What a task does that ends when its user says so."""


@dataclass(frozen=True)
class Cluster:
    """Nodes with hostnames of their own, which share this machine's files; this machine is the login node.

    Attributes:
        folder: Its configuration, logs and state.
        nodes: Their hostnames.
    """

    folder: Path
    nodes: tuple[str, ...]

    @property
    def env(self) -> dict[str, str]:
        """The environment in which sbatch, squeue and jughpc find this cluster."""
        return os.environ | {"SLURM_CONF": str(self.folder / "etc" / "slurm.conf")}

    def run(self, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command on the login node."""
        return subprocess.run(argv, cwd=cwd, env=self.env, capture_output=True, text=True, check=False)

    def ask(self, *argv: str) -> str:
        """Return what a command on the login node prints, which is to end with 0."""
        done = self.run(*argv)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def node(self, action: str, node: str, *argv: str) -> str:
        """Return what slurm-node prints: `action` is crash, start, net-down, net-up, or exec of `argv`."""
        return self.ask(str(SCRIPTS / "slurm-node"), str(self.folder), action, node, *argv)

    def controller(self, action: str) -> None:
        """Do `term`, `kill` or `start` to the controller."""
        self.ask(str(SCRIPTS / "slurm-controller"), str(self.folder), action)

    def pids(self, node: str, words: str) -> list[str]:
        """Return the pids, on that node, of processes whose command line holds `words`."""
        lines = self.node("exec", node, "ps", "-eo", "pid=,args=").splitlines()
        return [line.split()[0] for line in lines if words in line and " ps -eo " not in line]


class Login(User):
    """Somebody on the login node of a cluster.

    Attributes:
        cluster: Whose.
    """

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder, cluster.env)
        self.cluster = cluster

    def submit(self, *options: str, code: int = 0) -> str:
        """Submit the primes with their reduce, and return what that printed."""
        return self.jughpc("submit", "primes.py", "--reduce", "primes_reduce.py", *options, code=code)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command, and return it while it runs."""
        return subprocess.Popen(
            self.argv(*words), cwd=self.folder, env=self.env, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def go(self) -> None:
        """Let the tasks that wait come to their end."""
        (self.folder / "go").touch()

    def queue(self, layout: str = "%F|%K|%T|%j", *states: str) -> list[list[str]]:
        """Return the fields that squeue prints for each element in the queue."""
        told = self.cluster.ask("squeue", "-h", "-r", "-o", layout, *(f"--states={state}" for state in states))
        return [line.split("|") for line in told.splitlines()]

    def array(self, number: int = 1) -> str:
        """Return the id of the latest array of a submission."""
        found = [job for job in self.jobs(number) if job["role"] == "array"]
        return str(found[-1]["id"])

    def jobs(self, number: int = 1) -> list[dict[str, Any]]:
        """Return the jobs of a submission, as its status has them."""
        return list(self.submission(number)["jobs"])

    def roles(self, number: int = 1) -> list[str]:
        """Return the roles of the jobs of a submission, in their order."""
        return [job["role"] for job in self.jobs(number)]

    def submission(self, number: int = 1) -> dict[str, Any]:
        """Return what its status says of a submission."""
        found: dict[str, Any] = self.status("primes.py", "--submission", str(number))["submission"]
        return found

    def log(self, name: str) -> str:
        """Return a log of the first submission, "" if it is not there."""
        path = self.folder / "primes.jugdata" / "submissions" / "1" / "logs" / f"{name}.log"
        return path.read_text() if path.is_file() else ""

    def reasons(self, state: str) -> str:
        """Return why elements of the first submission are in that state, in words."""
        return "\n".join(group["words"] for group in self.submission()["groups"] if group["state"] == state)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited in vain\n{self.run('status').stdout}\n{self.queue()}"
            time.sleep(PAUSE)

    def until_working(self, workers: int) -> None:
        """Wait until so many tasks run."""
        self.until(lambda: len(self.claims()) >= workers)

    def until_empty(self) -> None:
        """Wait until nothing is in the queue."""
        self.until(lambda: not self.queue())

    def until_reduced(self) -> dict[str, Any]:
        """Wait for the reduce, hold it against the truth, and return what its status says of the submission."""
        self.until(self.output)
        assert self.output() == self.primes
        self.until_empty()
        status = self.status()
        assert status["tasks"]["complete"] == 99
        assert len({number for number, _, _ in self.runs()}) == 99
        assert self.run("status").returncode == 0, self.run("status").stdout
        found: dict[str, Any] = status["submission"]
        assert {follower["state"] for follower in found["followers"].values()} <= {"done"}
        return found


@contextmanager
def boot(folder: Path, nodes: int, lines: Sequence[str], give_up: Callable[[str], None]) -> Iterator[Cluster]:
    """Boot a cluster in `folder`, with these lines of configuration, and stop it."""
    try:
        argv = [str(SCRIPTS / "slurm-up"), str(folder), str(nodes), *lines]
        booted = subprocess.run(argv, capture_output=True, text=True, check=False)
        if booted.returncode:
            give_up(booted.stderr)
        yield Cluster(folder, tuple(f"node{number + 1}" for number in range(nodes)))
    finally:
        subprocess.run([SCRIPTS / "slurm-down", folder], check=False)
