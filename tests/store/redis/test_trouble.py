"""A server that evicts is refused, and one that takes no work for a while is waited for."""

from __future__ import annotations

import errno
from urllib.parse import quote

import pytest

from jughpc.errors import JugdirError
from jughpc.store.base import Pace
from jughpc.store.location import parse
from jughpc.store.redis.server import Connection
from jughpc.store.redis.server import parse as address_of


@pytest.fixture
def server(start_redis):
    """Return the address of a server of this test's own, and a client that may set it up."""
    redis = pytest.importorskip("redis")
    with start_redis("secret") as running:
        client = redis.Redis(port=running.port, password="secret")
        yield f"redis://:{quote('secret')}@127.0.0.1:{running.port}", client
        client.close()


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random"])
def test_a_server_that_evicts_results_is_refused_at_the_first_use(server, policy):
    address, client = server
    client.config_set("maxmemory-policy", policy)
    for use in (lambda: parse(address).find(), lambda: parse(address).make(1, Pace())):
        with pytest.raises(JugdirError, match=f"{policy}.*noeviction"):
            use()
    assert client.dbsize() == 0


@pytest.mark.parametrize("policy", ["noeviction", "volatile-lru"])
def test_a_server_that_keeps_what_has_no_end_is_used(server, policy):
    address, client = server
    client.config_set("maxmemory-policy", policy)
    assert parse(address).make(1, Pace()) is not None


def test_a_replica_and_a_full_server_are_troubles_that_pass(server):
    address, client = server
    connection = Connection(address_of(address), None)
    client.config_set("maxmemory", "1")
    with pytest.raises(OSError, match="out of memory") as full:
        connection.do(lambda one: one.set("a", "b"))
    client.config_set("maxmemory", "0")
    client.replicaof("127.0.0.1", 1)
    with pytest.raises(OSError, match="takes no work now") as replica:
        connection.do(lambda one: one.set("a", "b"))
    assert (full.value.errno, replica.value.errno) == (errno.ENOSPC, errno.EAGAIN)
