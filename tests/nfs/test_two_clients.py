"""Workers on two hosts with caches and clocks of their own, one of which crashes."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

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
TASKS = {*(f"short-{i}" for i in range(400)), *(f"long-{i}" for i in range(30)), "add-0"}

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

SHOW_ALL = "import json; print(json.dumps(value(tasks)))"

WORKERS = 4  # on each client, by each version; on the second all of one element
PACE = {"JUGHPC_BEAT": "1", "JUGHPC_LAG": "2", "JUGHPC_TTL": "15"}  # caches: true of a mount with actimeo=1


@dataclass(frozen=True)
class Project:
    """One jugfile, in a jugdir on one of the mounts.

    Attributes:
        runs: A folder of this machine where tasks leave a file each time they run.
    """

    nfs: object
    jugfile: Path
    jugdir: Path
    runs: Path

    @classmethod
    def make(cls, nfs, folder, version, text):
        (folder / version / "runs").mkdir(parents=True)
        (jugfile := folder / version / "jugfile.py").write_text(text)
        return cls(nfs, jugfile, nfs.mount(version) / f"{folder.name}-{version}", folder / version / "runs")

    def start(self, client, command, *options, **environ):
        """Start a command on a client."""
        words = (command, str(self.jugfile), *options, "--jugdir", str(self.jugdir), "--", str(self.runs))
        return self.nfs.start(client, *words, **environ)

    def show(self, line):
        """Return what, on the first client, a line of Python finds in the jugdir."""
        (script := self.jugfile.with_name("show.py")).write_text(line)
        done = self.start(self.nfs.clients[0], "reduce", "--script", str(script))
        return json.loads(self.nfs.ended(done).splitlines()[-1])

    def by_host(self):
        """Return how often each host ran each task."""
        return Counter(tuple(path.name.split(".")[:2]) for path in self.runs.iterdir())

    def longs_on(self, host):
        """Return how many long tasks a host began."""
        return sum(task.startswith("long") for task, where in self.by_host() if where == host)


def wait_until(is_so, seconds=120):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def needed(nfs, tmp_path_factory):
    """Return projects, by version, in which each client needed what one of them computed."""
    folder = tmp_path_factory.mktemp("needed")
    nfs.mount_all()
    projects = {version: Project.make(nfs, folder, version, NEEDED) for version in nfs.versions}
    for worker in [project.start(client, "execute") for project in projects.values() for client in nfs.clients]:
        nfs.ended(worker)
    return projects


def test_a_dependency_computed_on_the_other_client_is_seen_soon(nfs, needed, version):
    found = needed[version].show(SHOW_ALL)
    assert {host for host, _ in found} == set(nfs.clients)
    assert max(late for _, late in found) < 2, found


@pytest.fixture(scope="module")
def crashed(nfs, tmp_path_factory):
    """Return projects, by version, during which the second client's kernel was killed; its clock was 100 s behind."""
    folder = tmp_path_factory.mktemp("crashed")
    nfs.mount_all("actimeo=1")
    projects = {version: Project.make(nfs, folder, version, MIXED) for version in nfs.versions}
    together = {"CLOCK_AHEAD": "-100", **PACE}
    others = [project.start("node2", "execute", f"--workers={WORKERS}", **together) for project in projects.values()]
    wait_until(lambda: all(project.longs_on("node2") >= 2 for project in projects.values()))  # or little is left for it
    workers = [project.start("node1", "execute", **PACE) for project in projects.values() for _ in range(WORKERS)]
    wait_until(lambda: all(project.longs_on("node2") >= 6 for project in projects.values()))
    nfs.act("crash", "node2")
    for worker in others:
        worker.kill()  # what waits for a kernel that is gone waits for ever
        worker.communicate()
    for worker in workers:
        nfs.ended(worker)
    yield projects
    assert nfs.act("start", "node2").returncode == 0


def test_all_results_are_right_after_a_client_crashed(crashed, version):
    assert crashed[version].show(SHOW) == EXPECTED


def test_every_task_ran_and_no_host_that_lives_ran_one_twice(crashed, version):
    counts = crashed[version].by_host()
    assert {task for task, _ in counts} == TASKS
    assert set(counts.values()) == {1}


def test_a_crashed_client_costs_only_what_it_held(crashed, version):
    counts = crashed[version].by_host()
    twice = [task for task, host in counts if host == "node2" and (task, "node1") in counts]
    assert sum(task.startswith("long") for task in twice) <= WORKERS, "one each was in the hands of the dead"


@pytest.fixture(scope="module")
def cleaned(nfs, crashed):
    for cleanup in [project.start("node1", "cleanup", "--locks-only", "--wait") for project in crashed.values()]:
        nfs.ended(cleanup)
    return crashed


def test_cleanup_removes_the_claims_of_the_crashed(nfs, cleaned, version):
    assert "claim" not in nfs.run("node1", "find", str(cleaned[version].jugdir / "shards"))
