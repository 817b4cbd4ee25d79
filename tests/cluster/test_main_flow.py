"""The whole flow on a real Slurm cluster: an array, a crashed node, a collector, a reduce."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster

EXAMPLES = Path(__file__).parents[2] / "examples"
PRIMES = "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97"
QUICK = {"JUGHPC_BEAT": "1", "JUGHPC_LAG": "2", "JUGHPC_TTL": "8"}  # [s] death is seen in seconds, not minutes

COUNTED = """
import os, socket, uuid
from pathlib import Path
from time import sleep
from jug import TaskGenerator

@TaskGenerator
def is_prime(n):
    Path("runs", f"{n}-{socket.gethostname()}-{uuid.uuid4().hex}").touch()
    sleep(2)
    return all(n % divisor for divisor in range(2, n))

primes100 = list(map(is_prime, range(2, 101)))
"""


class Login:
    """A user's shell on the login node."""

    def __init__(self, cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self.env = cluster.env | QUICK

    def jughpc(self, *words: str, code: int | None = 0) -> str:
        argv = [sys.executable, "-m", "jughpc", *words]
        done = subprocess.run(argv, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def status(self) -> dict:
        argv = [sys.executable, "-m", "jughpc", "status", "--json"]
        done = subprocess.run(argv, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        return json.loads(done.stdout)

    def claims(self) -> list[Path]:
        return list(self.folder.glob("*.jugdata/shards/*/*.claim.*"))


def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)


@pytest.fixture
def login(cluster, tmp_path):
    for name in ("primes.py", "primes_reduce.py"):
        (tmp_path / name).write_text((EXAMPLES / name).read_text())
    return Login(cluster, tmp_path)


def test_the_main_job_runs_from_submit_to_the_reduces_output(login):
    told = login.jughpc("submit", "primes.py", "--array", "64", "--reduce", "primes_reduce.py", "--wait")
    assert PRIMES in told
    assert (login.folder / "primes.txt").read_text().strip() == PRIMES
    status = login.status()
    assert status["tasks"] == {"total": 99, "failed": 0, "waiting": 0, "ready": 0, "complete": 99, "active": 0}
    assert status["submission"]["elements"]["done"] == 64
    assert login.claims() == []


def test_a_node_that_crashes_in_the_middle_costs_only_what_it_held(login, cluster):
    (login.folder / "primes.py").write_text(COUNTED)
    (login.folder / "runs").mkdir()
    login.jughpc("submit", "primes.py", "--array", "64", "--reduce", "primes_reduce.py")
    until(lambda: login.status()["tasks"]["complete"] >= 10)
    try:
        cluster.node("crash", "node2")
        until(lambda: (login.folder / "primes.txt").is_file())
    finally:
        cluster.node("start", "node2")
    assert (login.folder / "primes.txt").read_text().strip() == PRIMES
    runs = [path.name.split("-")[:2] for path in (login.folder / "runs").iterdir()]
    twice = {n for n, count in Counter(n for n, _ in runs).items() if count > 1}
    assert len({n for n, _ in runs}) == 99
    assert all(any(m == n and host == "node2" for m, host in runs) for n in twice), "only what died ran twice"
    login.jughpc("cleanup", "--locks-only")
    assert login.claims() == []


def test_cleanup_after_a_crashed_node_frees_its_claims_by_the_schedulers_word(login, cluster):
    (login.folder / "primes.py").write_text(COUNTED.replace("sleep(2)", "sleep(600)"))
    (login.folder / "runs").mkdir()
    login.jughpc("submit", "primes.py", "--array", "64")
    until(lambda: len(login.claims()) == 64)
    try:
        cluster.node("crash", "node3")
        until(lambda: "put its element back into the queue" in login.jughpc("cleanup", "--locks-only"))
        kept = login.jughpc("cleanup", "--locks-only")
        assert "kept" in kept
        assert "node3" not in "".join(line for line in kept.splitlines() if line.startswith("kept"))
    finally:
        login.jughpc("cancel")
        cluster.node("start", "node3")


def test_after_scancel_no_claim_is_left(login, cluster):
    (login.folder / "primes.py").write_text(COUNTED.replace("sleep(2)", "sleep(600)"))
    (login.folder / "runs").mkdir()
    told = login.jughpc("submit", "primes.py", "--array", "8")
    until(lambda: len(login.claims()) == 8)
    array = next(line.split()[1] for line in told.splitlines() if line.startswith("array") and "elements" not in line)
    assert cluster.run("scancel", array).returncode == 0
    until(lambda: login.claims() == [])
    login.jughpc("cancel")


def test_cancel_ends_array_collector_and_reduce(login, cluster):
    (login.folder / "primes.py").write_text(COUNTED.replace("sleep(2)", "sleep(600)"))
    (login.folder / "runs").mkdir()
    login.jughpc("submit", "primes.py", "--array", "8", "--reduce", "primes_reduce.py")
    until(lambda: len(login.claims()) == 8)
    told = login.jughpc("cancel")
    assert told.count("cancelled") == 3
    until(lambda: login.status()["submission"]["elements"]["running"] == 0)
    assert not (login.folder / "primes.txt").exists()


def test_a_failed_task_ends_the_collector_with_3_and_the_reduce_never_runs(login, cluster):
    (login.folder / "primes.py").write_text(COUNTED.replace("sleep(2)", "assert n != 7, 'seven'"))
    (login.folder / "runs").mkdir()
    told = login.jughpc(
        "submit", "primes.py", "--array", "4", "--reduce", "primes_reduce.py", "--wait", code=3
    )
    assert "AssertionError: seven" in told
    assert not (login.folder / "primes.txt").exists()
    status = login.status()
    assert status["tasks"]["failed"] == 1
    assert status["tasks"]["complete"] == 98
    login.jughpc("cancel")


def test_a_partition_that_does_not_exist_is_told_in_the_schedulers_words(login):
    told = login.jughpc("submit", "primes.py", "--array", "4", "--partition", "nowhere", code=2)
    assert "invalid partition specified: nowhere" in told
    assert ".sh" in told
    assert not list(login.folder.glob("primes.jugdata/submissions/*"))


def test_status_works_when_the_controller_does_not_answer(login):
    login.jughpc("submit", "primes.py", "--array", "64", "--wait")
    deaf = login.folder / "slurm.conf"
    deaf.write_text(re.sub("SlurmctldPort=.*", "SlurmctldPort=1", Path(login.env["SLURM_CONF"]).read_text()))
    login.env["SLURM_CONF"] = str(deaf)
    status = login.status()
    assert status["tasks"]["complete"] == 99
    assert status["submission"]["scheduler_trouble"]
    assert status["submission"]["elements"]["done"] == 64
