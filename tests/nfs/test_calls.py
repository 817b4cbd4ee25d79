"""Calls to the file server, as the clients' kernels count them, stay below twice what was measured."""

from __future__ import annotations

import itertools
import sys
from collections import Counter

import pytest

pytestmark = pytest.mark.nfs

SHORT = """
import sys
from jug import TaskGenerator

@TaskGenerator
def same(x):
    return x

tasks = [same(i) for i in range(int(sys.argv[1]))]
"""

LONG = """
import sys, time
from jug import TaskGenerator

@TaskGenerator
def wait(x):
    time.sleep(0.5)

tasks = [wait(i) for i in range(int(sys.argv[1]))]
"""

MAKE = """
import sys
from pathlib import Path
from jughpc.store.base import Pace
from jughpc.store.opening import make_store

make_store(Path(sys.argv[1]), 1_000_000, "1", Pace())
"""

_numbers = itertools.count()


@pytest.fixture
def execute(nfs, tmp_path):
    """Return what runs a jugfile in a new or given jugdir on some clients at once, and counts their calls."""

    def total(clients):
        return sum((nfs.calls(client) for client in clients), start=Counter())

    def run(text, count, clients, jugdir=None):
        jugfile = tmp_path / "jugfile.py"
        jugfile.write_text(text)
        jugdir = jugdir or nfs.mount / f"calls{next(_numbers)}"
        before = total(clients)
        argv = ("execute", str(jugfile), "--jugdir", str(jugdir), "--", str(count))
        workers = [nfs.start(client, *argv) for client in clients]
        for worker in workers:
            said, _ = worker.communicate(timeout=300)
            assert worker.returncode == 0, said
        return total(clients) - before

    return run


@pytest.mark.parametrize("version", ["3", "4.2"])
def test_a_short_task_takes_a_tenth_of_a_call(nfs, execute, version):
    nfs.mount_all(version)
    calls = execute(SHORT, 50_000, nfs.clients[:1])
    assert calls.total() / 50_000 < 0.2, calls


def test_two_clients_at_once_take_hardly_more_calls_for_each_short_task(nfs, execute):
    nfs.mount_all("4.2")
    calls = execute(SHORT, 50_000, nfs.clients)
    assert calls.total() / 50_000 < 0.26, calls


@pytest.mark.parametrize("version", ["3", "4.2"])
def test_a_long_task_takes_nine_calls_beside_the_start(nfs, execute, version):
    nfs.mount_all(version)
    calls = execute(LONG, 24, nfs.clients[:1])
    assert calls.total() / 24 < 20, calls


def test_a_worker_starts_on_a_store_of_thousands_of_finished_shards_with_few_calls(nfs, execute):
    nfs.mount_all("4.2")
    jugdir = nfs.mount / "wide"
    nfs.run("node1", sys.executable, "-c", MAKE, str(jugdir))
    execute(SHORT, 10_000, nfs.clients, jugdir)
    nfs.mount_all("4.2")
    calls = execute(SHORT, 10_000, nfs.clients[:1], jugdir)
    assert calls.total() < 600, calls
