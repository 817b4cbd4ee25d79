"""Real workers, each a process with its beat process, on one jugdir."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.local

PATIENCE = 120.0  # [s] after which a test gives up

JUGFILE = """
import os, time
from jug import TaskGenerator

def log(text):
    with open("log", "a") as file:
        file.write(f"{os.getpid()} {text}\\n")

@TaskGenerator
def quick(i):
    log(f"ran {i}")
    return i

@TaskGenerator
def gated(i):
    log(f"began {i}")
    while not os.path.exists("go"):
        time.sleep(0.02)
    log(f"ran {i}")
    return i
"""

Run = subprocess.Popen[str]


class Yard:
    """A folder in which workers are started."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs: list[Run] = []

    def write(self, text: str) -> None:
        (self.path / "jugfile.py").write_text(JUGFILE + text)

    def start(self, *options: str) -> Run:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("JUGHPC_")}
        command = [sys.executable, "-m", "jughpc", "execute", "jugfile.py", "--jugdir", "jugdir", *options]
        run = subprocess.Popen(
            command, cwd=self.path, env={**environ, "JUGHPC_BEAT": "1", "JUGHPC_LAG": "2", "JUGHPC_TTL": "8"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.runs.append(run)
        return run

    def log(self) -> list[str]:
        """Return what tasks logged, without the pids."""
        path = self.path / "log"
        return [line.partition(" ")[2] for line in path.read_text().splitlines()] if path.exists() else []

    def until(self, condition: Callable[[], object]) -> float:
        """Wait until something is so; return how long it took [s]."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < PATIENCE, "gave up"
            time.sleep(0.02)
        return time.monotonic() - began

    def claims(self) -> list[str]:
        return [path.name for path in self.path.glob("jugdir/shards/*/*.claim.*")]


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(tmp_path)
    yield yard
    for run in yard.runs:
        run.kill()
        run.communicate()


def test_workers_that_begin_together_run_each_task_once(yard):
    yard.write("tasks = [quick(i) for i in range(600)]")
    runs = [yard.start() for _ in range(4)]
    assert [(run.communicate(timeout=PATIENCE)[0], run.returncode)[1] for run in runs] == [0] * 4
    assert Counter(yard.log()) == Counter(f"ran {i}" for i in range(600))
    assert yard.claims() == []


def test_a_task_of_a_killed_worker_is_taken_over_before_its_ttl(yard):
    yard.write("only = gated(1)")
    first = yard.start()
    yard.until(lambda: yard.log() == ["began 1"])
    second = yard.start()
    first.kill()
    assert yard.until(lambda: yard.log() == ["began 1"] * 2) < 8.0
    (yard.path / "go").touch()
    assert (second.wait(PATIENCE), yard.log().count("ran 1")) == (0, 1)


def test_the_short_tasks_of_a_killed_worker_are_taken_over(yard):
    yard.write("first = quick(0)\ntasks = [gated(1), *(quick(i) for i in range(2, 200))]")
    first = yard.start()
    yard.until(lambda: "began 1" in yard.log())
    first.kill()
    (yard.path / "go").touch()
    assert yard.start().wait(PATIENCE) == 0
    assert {f"ran {i}" for i in range(200)} <= set(yard.log())


def test_sigterm_ends_a_worker_at_once_with_143_and_no_claim(yard):
    yard.write("only = gated(1)")
    run = yard.start()
    yard.until(lambda: yard.log() == ["began 1"])
    run.send_signal(signal.SIGTERM)
    assert (run.wait(PATIENCE), yard.claims()) == (143, [])


def test_sigusr1_lets_the_task_end_and_leaves_the_rest(yard):
    yard.write("tasks = [gated(1), gated(2)]")
    run = yard.start()
    yard.until(lambda: yard.log() == ["began 1"])
    run.send_signal(signal.SIGUSR1)
    (yard.path / "go").touch()
    assert (run.wait(PATIENCE), yard.log(), yard.claims()) == (3, ["began 1", "ran 1"], [])


MIXED = """
@TaskGenerator
def mixed(i):
    if i == 77:
        log("began 77")
        while not os.path.exists("go"):
            time.sleep(0.02)
    log(f"ran {i}")

tasks = [mixed(i) for i in range(200)]
"""


def test_a_long_task_holds_its_shard_back_for_two_seconds_only(yard):
    yard.write(MIXED)
    first = yard.start()
    yard.until(lambda: "began 77" in yard.log())
    second = yard.start()
    others = {f"ran {i}" for i in range(200) if i != 77}
    assert yard.until(lambda: others <= set(yard.log())) < 6.0  # a second to be known as long, and a worker's start
    (yard.path / "go").touch()
    assert (first.wait(PATIENCE), second.wait(PATIENCE)) == (0, 0)
    assert Counter(yard.log()) == Counter(["began 77", *(f"ran {i}" for i in range(200))])
    assert yard.claims() == []


def test_a_stopped_worker_that_wakes_after_its_ttl_spoils_nothing(yard):
    yard.write("only = gated(1)")
    first = yard.start()
    yard.until(lambda: yard.log() == ["began 1"])
    heartbeat = int(Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()[0])
    for pid in (first.pid, heartbeat):
        os.kill(pid, signal.SIGSTOP)
    second = yard.start()
    yard.until(lambda: yard.log() == ["began 1"] * 2)
    for pid in (first.pid, heartbeat):
        os.kill(pid, signal.SIGCONT)
    (yard.path / "go").touch()
    assert (first.wait(PATIENCE), second.wait(PATIENCE), yard.claims()) == (0, 0, [])
