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
from jughpc.store.redis.trouble import trouble_of
from jughpc.testing.storecontract import LIFE
from jughpc.worker.patience import CANNOT_PASS

exceptions = pytest.importorskip("redis.exceptions")


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


# what errors mean

KNOWN = sorted(
    (kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, exceptions.RedisError)),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", KNOWN, ids=lambda kind: kind.__name__)
def test_every_error_of_the_package_is_an_error_of_the_system_with_advice(kind):
    trouble = trouble_of(kind("12 127.0.0.1:1") if kind in (exceptions.AskError, exceptions.MovedError) else kind("no"))
    assert isinstance(trouble, OSError)
    assert str(trouble).startswith("the redis server ")
    assert trouble.advice


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("OOM command not allowed when used memory > 'maxmemory'.", True),
        ("READONLY You can't write against a read only replica.", True),
        ("LOADING Redis is loading the dataset in memory", True),
        ("MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.", True),
        ("NOAUTH Authentication required.", True),
        ("something that no version said so far", True),
        ("WRONGTYPE Operation against a key holding the wrong kind of value", False),
        ("ERR unknown command 'HSET'", False),
        ("MOVED 3999 127.0.0.1:6381", False),
    ],
)
def test_what_certainly_cannot_pass_is_told_from_what_may(text, passes):
    assert (trouble_of(exceptions.ResponseError(text)).errno not in CANNOT_PASS) == passes


# how a server is found


def cause_of(address):
    with pytest.raises(JugdirError, match="cannot be used") as error:
        parse(address).find()
    return error.value.__cause__


def test_a_server_that_is_down_is_the_worlds_fault():
    assert isinstance(cause_of("redis://127.0.0.1:1"), OSError)


@pytest.mark.parametrize("address", ["redis://ada:wrong@127.0.0.1:{port}", "redis://127.0.0.1:{port}"])
def test_a_wrong_password_is_the_users(server, address):
    port = address_of(server[0]).port
    assert not isinstance(cause_of(address.format(port=port)), OSError)


def test_a_server_that_may_not_be_asked_for_its_policy_makes_a_store_that_says_so(server):
    address, client = server
    client.acl_setuser("ada", enabled=True, passwords=["+pw"], keys=["*"], commands=["+@all", "-info", "-config"])
    where = f"redis://ada:pw@127.0.0.1:{address_of(address).port}"
    assert "cannot be told" in parse(where).make(1, Pace()).caution
    assert parse(address).find().caution == ""


def test_a_life_that_begins_on_a_server_that_lost_all_makes_the_store_again(server):
    address, client = server
    store = parse(address).make(1, Pace(beat=3.0))
    client.flushall()
    assert parse(address).find() is None
    store.begin(LIFE)
    assert parse(address).find().pace.beat == 3.0
