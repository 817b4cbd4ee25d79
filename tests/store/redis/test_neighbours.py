"""Whoever else may write to the server has put something where a key or a field of ours is: it is none of ours."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from jughpc.errors import JugdirError, JugError
from jughpc.store.base import SHARD, Pace
from jughpc.store.redis.server import Connection, Secret, parse
from jughpc.store.redis.store import make_redis, open_redis
from jughpc.testing.storecontract import FAILURE, LIFE, A
from tests.foreign import FOREIGN

SECRET = Secret("it's: a/secret@")
NAMES = [b"", b"x", b"shard", b"\xff" * 7, b"../../x", b"a\0b\n" * 100]
TEXTS = [b"", b"\xff\xfe", b"x=y", b"1", b"-1=x", b"1=" + b"x" * 500, b"1=../../x", b"9" * 5000 + b"=x", b"1=a 1=b =c"]


@pytest.fixture
def address(redis_server, request):
    return replace(parse(f"redis://127.0.0.1:{redis_server.port}"), namespace=request.node.nodeid)


@pytest.fixture
def server(address):
    return Connection(address, SECRET)


@pytest.fixture
def store(address):
    """Return a store that holds one of each."""
    made = make_redis(address, SECRET, Pace())
    made.begin(LIFE)
    made.put(A, 7)
    made.fail(FAILURE)
    made.claims(LIFE.life, done_too=True).take(made.shard_of(A), A, made.look(made.shard_of(A)))
    made.mark_complete(made.shard_of(A), {A})
    return made


def all_that_is_read(store):
    """Look at all there is, as commands do."""
    shard = store.shard_of(A)
    view = store.look(shard)
    assert all(len(digest) == 16 for digest in (*view.done, *view.failed, *view.deaths))
    assert all(key == SHARD or len(key) == 16 for key in view.claims)
    for key, held in view.claims.items():
        for generation in held:
            store.claimant(shard, key, generation)
            store.observer().proof(shard, key, generation)
    store.inspect(A), store.failure(A), store.deaths(A), store.records(), store.complete(), store.shards_in_use()


@pytest.mark.parametrize("kind", ["results", "failures", "claims", "deaths"])
def test_a_field_of_a_foreign_name_or_content_is_passed_over(address, server, store, kind):
    key = server.key(kind, f"{store.shard_of(A):02x}")
    for name in (*NAMES, A):
        for text in TEXTS:
            server.do(lambda client, name=name, text=text: client.hset(key, name, text))
            all_that_is_read(store)


@pytest.mark.parametrize("kind", ["lives", "complete"])
def test_a_foreign_member_of_a_list_is_passed_over(address, server, store, kind):
    server.do(lambda client: client.sadd(server.key(kind), *NAMES, *TEXTS))
    all_that_is_read(store)
    assert store.records() == [LIFE]


@pytest.mark.parametrize("key", ["beat", "lag", "ttl", ""])
def test_a_charter_with_a_foreign_field_is_refused_or_harmless(address, server, store, key):
    fields = {"beat": 15.0, "lag": 60.0, "ttl": 180.0}
    for value in FOREIGN:
        text = json.dumps({**fields, key: value} if key else value)
        server.do(lambda client, text=text: client.set(server.key("charter"), text))
        with suppress(JugdirError):
            pace = open_redis(address, SECRET).pace
            assert pace.ttl > 2 * (pace.beat + pace.lag) > 0


def test_a_damaged_charter_is_told_with_what_to_do(address, server, store):
    server.do(lambda client: client.set(server.key("charter"), "[]"))
    with pytest.raises(JugdirError, match="redis-cli DEL"):
        open_redis(address, SECRET)


@pytest.mark.parametrize("kind", ["results", "failures", "claims", "deaths", "lives", "complete", "charter"])
def test_a_key_of_another_type_is_an_error_in_words(address, server, store, kind):
    shared = kind in ("lives", "complete", "charter")
    key = server.key(kind) if shared else server.key(kind, f"{store.shard_of(A):02x}")
    server.do(lambda client: [client.delete(key), client.rpush(key, "x")])
    with pytest.raises((JugError, OSError)):
        all_that_is_read(open_redis(address, SECRET))
