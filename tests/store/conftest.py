from __future__ import annotations

import dataclasses

import pytest

from jughpc.store.base import Pace
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.store.record import DIED, Record
from jughpc.testing.clocks import HandClock
from jughpc.testing.disk import Disk
from jughpc.testing.simfiles import Client, Orders, SimFiles


class Worker:
    """One life on a host of its own."""

    def __init__(self, cluster, name, links=True, orders=None):
        self.orders = orders or Orders()
        self.files = SimFiles(Client(cluster.disk), self.orders, links)
        self.store = FileStore(self.files, cluster.clock, Layout(0), Pace(), cluster.gone.__contains__)
        self.record = Record(life=name, host=name, space="boot-1", pid=7, started=5, user="ada")
        self.store.begin(self.record)
        self.claims = self.store.claims(name)

    def take(self, key, view=None):
        """Try to win `key` by a fresh look; return the claim or None."""
        return self.claims.take(0, key, view or self.store.look(0))[0]

    def holds(self, claim):
        """Return whether `claim` is the highest on its key, and still that of the life that won it."""
        found = self.store.claimant(claim.shard, claim.key, claim.generation)
        return self.store.look(claim.shard).top(claim.key) == claim.generation and found.life == claim.life

    def beat(self, **changes):
        self.record = dataclasses.replace(self.record, beats=self.record.beats + 1, **changes)
        self.store.beat(self.record)

    def die(self):
        """Die so that the beat process sees it."""
        self.beat(state=DIED, reason="killed by SIGKILL")

    def calls(self):
        """Return the calls since this was last asked."""
        made = [call for call, _ in self.orders.calls]
        self.orders.calls.clear()
        return made


class Cluster:
    """Workers that share one folder of one shard, and time that the test moves."""

    def __init__(self, links=True):
        self.clock = HandClock()
        self.disk = Disk(self.clock.now)
        self.gone = set()
        self._links = links

    def worker(self, name, orders=None):
        return Worker(self, name, self._links, orders)

    def names(self):
        return sorted(self.disk.names("shards/0"))


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture(params=["hard links", "hard links refused"])
def any_cluster(request):
    return Cluster(links=request.param == "hard links")
