"""Workers on two hosts with caches and clocks of their own, one of which crashes."""

from __future__ import annotations

import json
import time
from collections import Counter

import pytest

pytestmark = pytest.mark.nfs

MIXED = """
import os, sys, time
from pathlib import Path
from jug import TaskGenerator

RUNS = Path(sys.argv[1])

def ran(name):
    (RUNS / f"{name}.{os.uname().nodename}.{os.getpid()}").touch()

@TaskGenerator
def short(i):
    ran(f"short-{i}")
    return i * i

@TaskGenerator
def long(i, square):
    ran(f"long-{i}")
    time.sleep(1)
    return square + 1

@TaskGenerator
def add(numbers):
    ran("add-0")
    return sum(numbers)

total = add([long(i, short(i)) for i in range(30)] + [short(i) for i in range(30, 400)])
"""

EXPECTED = sum(i * i for i in range(400)) + 30

SHOW = "import json; print(json.dumps(value(total)))"

NEEDED = """
import os, time
from jug import TaskGenerator

@TaskGenerator
def first():
    time.sleep(1)
    return time.time()

@TaskGenerator
def second(i, ended):
    late = time.time() - ended
    time.sleep(2)
    return os.uname().nodename, late

tasks = [second(i, first()) for i in range(2)]
"""

PACE = {"JUGHPC_BEAT": "1", "JUGHPC_LAG": "2", "JUGHPC_TTL": "25"}  # caches: true of a mount with actimeo=1


@pytest.fixture
def reduce(nfs, tmp_path):
    """Return what prints, on the first client, what a line of Python finds in a jugdir."""

    def run(jugfile, jugdir, line, *args):
        script = tmp_path / "show.py"
        script.write_text(line)
        argv = ("reduce", str(jugfile), "--script", str(script), "--jugdir", str(jugdir), "--", *args)
        return json.loads(ended(nfs.start(nfs.clients[0], *argv), 0).splitlines()[-1])

    return run


@pytest.fixture
def back_to_normal(nfs):
    """Boot the second client again after the test, with the right time."""
    yield
    nfs.act("crash", "node2")
    assert nfs.act("start", "node2").returncode == 0


def ended(worker, code):
    said, _ = worker.communicate(timeout=180)
    assert worker.returncode == code, said
    return said


def wait_until(is_so, seconds=120):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def by_host(runs):
    """Return how often each host ran each task."""
    return Counter(tuple(path.name.split(".")[:2]) for path in runs.iterdir())


@pytest.mark.parametrize(("version", "ahead"), [("3", "-100"), ("4.2", "100")])
def test_a_crashed_client_costs_only_what_it_held(nfs, reduce, tmp_path, back_to_normal, version, ahead):
    nfs.mount_all(version, "actimeo=1")
    (runs := tmp_path / "runs").mkdir()
    (jugfile := tmp_path / "jugfile.py").write_text(MIXED)
    jugdir = nfs.mount / f"crash{version}"
    argv = ("execute", str(jugfile), "--jugdir", str(jugdir), "--", str(runs))
    others = [nfs.start("node2", *argv, CLOCK_AHEAD=ahead, **PACE) for _ in range(4)]
    workers = [nfs.start("node1", *argv, **PACE) for _ in range(4)]
    wait_until(lambda: sum(task.startswith("long") for task, host in by_host(runs) if host == "node2") >= 6)
    nfs.act("crash", "node2")
    for worker in others:
        worker.kill()  # what waits for a kernel that is gone waits for ever
        worker.communicate()
    for worker in workers:
        ended(worker, 0)

    assert reduce(jugfile, jugdir, SHOW, str(runs)) == EXPECTED
    counts = by_host(runs)
    assert {task for task, _ in counts} == {
        *(f"short-{i}" for i in range(400)), *(f"long-{i}" for i in range(30)), "add-0",
    }  # fmt: skip
    assert set(counts.values()) == {1}, "a host that lives ran a task twice"
    twice = [task for task, host in counts if host == "node2" and (task, "node1") in counts]
    assert sum(task.startswith("long") for task in twice) <= 4, "one each was in the hands of the dead"

    words = ("--locks-only", "--wait", "--jugdir", str(jugdir), "--", str(runs))
    ended(nfs.start("node1", "cleanup", str(jugfile), *words), 0)
    assert "claim" not in nfs.run("node1", "find", str(jugdir / "shards"))


@pytest.mark.parametrize("version", ["3", "4.2"])
def test_a_dependency_computed_on_the_other_client_is_seen_soon(nfs, reduce, tmp_path, version):
    nfs.mount_all(version)
    (jugfile := tmp_path / "jugfile.py").write_text(NEEDED)
    jugdir = nfs.mount / f"needed{version}"
    workers = [nfs.start(client, "execute", str(jugfile), "--jugdir", str(jugdir)) for client in nfs.clients]
    for worker in workers:
        ended(worker, 0)
    found = reduce(jugfile, jugdir, "import json; print(json.dumps(value(tasks)))")
    assert {host for host, _ in found} == set(nfs.clients)
    assert max(late for _, late in found) < 2, found
