"""The whole flow on the local scheduler, with a worker that is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PRIMES = "2 3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97"
QUICK = {"JUGHPC_BEAT": "1", "JUGHPC_LAG": "2", "JUGHPC_TTL": "8", "JUGHPC_SCHEDULER": "local"}

COUNTED = """
import os
from pathlib import Path
from time import sleep
from jug import TaskGenerator

@TaskGenerator
def is_prime(n):
    Path("runs", f"{n}-{os.getpid()}").touch()
    sleep(0.3)
    return all(n % divisor for divisor in range(2, n))

primes100 = list(map(is_prime, range(2, 101)))
"""


class Laptop:
    """A user's shell on a machine without a scheduler."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = os.environ | QUICK | {"XDG_STATE_HOME": str(folder / "state")}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "jughpc", *words]
        return subprocess.run(argv, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)

    def jughpc(self, *words: str, code: int = 0) -> str:
        done = self.run(*words)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def status(self) -> dict:
        return json.loads(self.run("status", "--json").stdout)

    def claims(self) -> list[Path]:
        return list(self.folder.glob("*.jugdata/shards/*/*.claim.*"))


def until(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


@pytest.fixture
def laptop(tmp_path):
    (tmp_path / "primes.py").write_text(COUNTED)
    (tmp_path / "primes_reduce.py").write_text((EXAMPLES / "primes_reduce.py").read_text())
    (tmp_path / "runs").mkdir()
    machine = Laptop(tmp_path)
    yield machine
    machine.run("cancel")


def test_a_killed_worker_costs_one_task_which_another_takes_over(laptop):
    laptop.jughpc("submit", "primes.py", "--array", "8", "--throttle", "4", "--reduce", "primes_reduce.py")
    until(lambda: laptop.status()["tasks"]["complete"] >= 10)
    victim = next(worker for worker in laptop.status()["workers"] if worker["task"])
    os.kill(victim["pid"], signal.SIGKILL)
    until(lambda: (laptop.folder / "primes.txt").is_file())
    assert (laptop.folder / "primes.txt").read_text().strip() == PRIMES
    runs = [tuple(map(int, path.name.split("-"))) for path in (laptop.folder / "runs").iterdir()]
    twice = [n for n, count in Counter(n for n, _ in runs).items() if count > 1]
    assert len({n for n, _ in runs}) == 99
    assert len(twice) <= 1
    assert all((n, victim["pid"]) in runs for n in twice)
    laptop.jughpc("cleanup", "--locks-only")
    assert laptop.claims() == []


def test_status_shows_elements_and_workers_while_it_runs(laptop):
    laptop.jughpc("submit", "primes.py", "--array", "6", "--throttle", "2")
    until(lambda: len(laptop.status()["workers"]) == 2)
    status = laptop.status()
    assert status["submission"]["elements"]["running"] == 2
    assert status["submission"]["elements"]["queued"] == 4
    assert {worker["owner"].split(":")[0] for worker in status["workers"]} == {"local"}
    text = laptop.run("status").stdout
    assert "2 live workers:" in text
    assert "primes.is_prime" in text


def test_cancel_ends_workers_without_leaving_a_claim(laptop):
    laptop.jughpc("submit", "primes.py", "--array", "4", "--throttle", "4", "--reduce", "primes_reduce.py")
    until(lambda: laptop.status()["tasks"]["complete"] >= 4)
    assert laptop.jughpc("cancel").count("cancelled") == 3
    until(lambda: laptop.status()["workers"] == [])
    assert laptop.claims() == []
    assert not (laptop.folder / "primes.txt").exists()
    states = laptop.status()["submission"]["elements"]
    assert states["running"] == states["queued"] == 0


def test_a_submission_after_a_failure_runs_only_what_is_missing(laptop):
    broken = COUNTED.replace("sleep(0.3)", "assert n != 7 or os.path.exists('mended')")
    (laptop.folder / "primes.py").write_text(broken)
    submit = ("submit", "primes.py", "--array", "2", "--reduce", "primes_reduce.py", "--wait")
    assert "AssertionError" in laptop.jughpc(*submit, code=3)
    (laptop.folder / "mended").touch()
    assert PRIMES in laptop.jughpc(*submit)
    assert len(list((laptop.folder / "runs").glob("8-*"))) == 1


def test_workers_that_all_die_at_once_are_repaired_a_bounded_number_of_times(laptop):
    deadly = COUNTED.replace("sleep(0.3)", "n == 50 and os.kill(os.getpid(), 9)")
    (laptop.folder / "primes.py").write_text(deadly)
    told = laptop.jughpc("submit", "primes.py", "--array", "2", "--rounds", "9", "--wait", code=3)
    assert "tasks are left and nobody works on them" in told or "failed" in told
    assert laptop.status()["tasks"]["complete"] == 98
