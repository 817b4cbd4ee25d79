"""Calls to the file server, as the clients' kernels count them, stay below twice what was measured."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass

import pytest

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
    time.sleep(0.3)

tasks = [wait(i) for i in range(int(sys.argv[1]))]
"""

MAKE = """
import sys
from pathlib import Path
from jughpc.store.base import Pace
from jughpc.store.files.opening import make_store

make_store(Path(sys.argv[1]), 1_000_000, "1", Pace())
"""

ELEMENT = {
    "JUGHPC_SUBMISSION": "0badcafe",
    "JUGHPC_ELEMENT": "0",
}  # by hand a worker looks at all that is done, besides


@dataclass(frozen=True)
class Place:
    """Where a worker works: on which client, through which mount, in which jugdir of it."""

    client: str
    version: str
    jugdir: str


def count_calls(nfs, text, tasks, places, **environ):
    """Return the calls that workers on the tasks of a jugfile make, one worker a place, all at once."""
    (jugfile := nfs.folder / "jugfile.py").write_text(text)
    nfs.mount_all()
    before = [nfs.calls(place.client, place.version) for place in places]
    workers = [
        nfs.start(place.client, "execute", str(jugfile), "--jugdir",
                  str(nfs.mount(place.version) / place.jugdir), "--", str(tasks), **environ)
        for place in places
    ]  # fmt: skip
    for worker in workers:
        nfs.ended(worker)
    return [nfs.calls(place.client, place.version) - then for place, then in zip(places, before, strict=True)]


def by_version(nfs, text, tasks, jugdir):
    """Return the calls by version, each counted on a client and in a jugdir of its own."""
    pairs = zip(nfs.clients, nfs.versions, strict=True)
    places = [Place(client, version, f"{jugdir}{version}") for client, version in pairs]
    return dict(zip(nfs.versions, count_calls(nfs, text, tasks, places), strict=True))


@pytest.fixture(scope="module")
def shorts(nfs):
    return by_version(nfs, SHORT, 50_000, "short")


@pytest.fixture(scope="module")
def longs(nfs):
    return by_version(nfs, LONG, 16, "long")


def test_a_short_task_takes_a_tenth_of_a_call(shorts, version):
    assert shorts[version].total() / 50_000 < 0.2, shorts[version]


def test_a_long_task_takes_nine_calls_beside_the_start(longs, version):
    assert longs[version].total() / 16 < 26, longs[version]  # the start takes ten of them


def test_two_clients_at_once_take_hardly_more_calls_for_each_short_task(nfs):
    places = [Place(client, "4.2", "together") for client in nfs.clients]
    calls = sum(count_calls(nfs, SHORT, 50_000, places), start=Counter())
    assert calls.total() / 50_000 < 0.26, calls


def test_a_worker_starts_on_a_store_of_thousands_of_finished_shards_with_few_calls(nfs):
    (jugfile := nfs.folder / "jugfile.py").write_text(SHORT)
    on_server = ("--jugdir", "/srv/export/wide", "--", "10000")
    nfs.run(nfs.server, sys.executable, "-c", MAKE, on_server[1])
    nfs.ended(nfs.start(nfs.server, "execute", str(jugfile), *on_server))
    (calls,) = count_calls(nfs, SHORT, 10_000, [Place("node1", "4.2", "wide")], **ELEMENT)
    assert calls.total() < 600, calls
