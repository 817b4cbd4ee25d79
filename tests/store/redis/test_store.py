"""The redis store, on a real redis-server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from jughpc.errors import CorruptResultError, JugdirError, ResultMissingError, UnstorableError
from jughpc.store.base import SHARD, Pace
from jughpc.store.record import DIED
from jughpc.store.redis.server import Address, Secret, parse, password_from
from jughpc.store.redis.store import RedisStore, make_redis, open_redis
from jughpc.store.resultfile import Encoded
from jughpc.testing.sharedstorecontract import SharedStoreContract
from jughpc.testing.storecontract import FAR, LIFE, PEER, A, B, StoreContract

SECRET = Secret("it's: a/secret@")  # of the server that tests/conftest.py starts
QUICK = Pace(beat=0.1, lag=0.0, ttl=1.0)  # a second is enough to begin and claim, on a machine with much else to do


@pytest.fixture
def address(redis_server, request: pytest.FixtureRequest) -> Address:
    """Return the address of a store that no other test uses."""
    return replace(parse(f"redis://127.0.0.1:{redis_server.port}"), namespace=request.node.nodeid)


@pytest.fixture
def store(address: Address) -> RedisStore:
    return make_redis(address, SECRET, Pace())


@pytest.fixture
def peer(address: Address, store: RedisStore) -> RedisStore:
    other = make_redis(address, SECRET, Pace())
    store.begin(LIFE)
    other.begin(PEER)
    return other


class TestRedisStore(StoreContract):
    """What every store does."""


class TestSharedRedisStore(SharedStoreContract):
    """What every store does that several processes share."""

    @pytest.fixture
    def lose(self, address: Address) -> Iterator[Callable[[str], None]]:
        import redis

        with redis.Redis(port=address.port, password=SECRET.reveal()) as raw:
            keys = {"results": "results:*", "lives": "life:*"}
            yield lambda kind: raw.delete(*raw.keys(f"*{keys[kind]}"))


def take(store, record, key=A):
    return store.claims(record.life).take(store.shard_of(A), key, store.look(store.shard_of(A)))[0]


def test_a_store_is_found_once_it_was_made_and_keeps_the_pace_it_was_made_with(address):
    assert open_redis(address, SECRET) is None
    make_redis(address, SECRET, QUICK)
    assert make_redis(address, SECRET, Pace()).pace == QUICK
    found = open_redis(address, SECRET)
    assert found is not None
    assert found.pace == QUICK


def test_two_namespaces_on_one_server_know_nothing_of_each_other(address, store):
    other = make_redis(replace(address, namespace="other"), SECRET, Pace())
    store.put(A, 1)
    other.remove([A])
    assert store.get(A) == 1
    assert other.missing([A]) == {A}


@pytest.mark.local  # a server's time goes by in no test's hand
def test_the_server_lets_a_claim_expire_whose_holder_does_not_beat(address):
    store = make_redis(address, SECRET, QUICK)
    store.begin(LIFE)
    assert take(store, LIFE) is not None
    time.sleep(1.5 * QUICK.ttl)
    store.begin(PEER)
    heir = take(store, PEER)
    assert heir is not None
    assert (heir.generation, store.look(heir.shard).superseded(heir)) == (2, [1])


@pytest.mark.local  # a server's time goes by in no test's hand
def test_a_beat_renews_every_claim(address):
    pace = Pace(beat=0.5, lag=0.0, ttl=3.0)  # slow enough for a machine with much else to do
    store = make_redis(address, SECRET, pace)
    store.begin(LIFE)
    assert take(store, LIFE) is not None
    for _ in range(8):
        time.sleep(pace.beat)
        store.beat(LIFE)
        store.begin(PEER)
        assert take(store, PEER) is None


def test_a_holder_whose_record_says_that_it_died_is_succeeded_at_once(store, peer):
    assert take(store, LIFE) is not None
    store.beat(replace(LIFE, state=DIED))
    assert take(peer, PEER) is not None


@pytest.mark.local  # a server's time goes by in no test's hand
def test_a_life_that_expired_neither_beats_nor_claims(address):
    store = make_redis(address, SECRET, QUICK)
    store.begin(LIFE)
    assert take(store, LIFE) is not None
    time.sleep(1.5 * QUICK.ttl)
    with pytest.raises(FileNotFoundError):
        take(store, LIFE, key=SHARD)
    with pytest.raises(FileNotFoundError):
        store.beat(LIFE)


def test_letting_go_of_a_claim_that_was_succeeded_changes_nothing(store, peer):
    old = take(store, LIFE)
    store.beat(replace(LIFE, state=DIED))
    new = take(peer, PEER)
    store.claims(LIFE.life).release(old)
    assert peer.look(new.shard).top(A) == new.generation


def test_once_a_task_is_done_the_claims_of_the_dead_go_with_the_last_one(store, peer):
    take(store, LIFE)
    store.beat(replace(LIFE, state=DIED))
    heir = take(peer, PEER)
    peer.put(A, 1)
    peer.claims(PEER.life).release(heir)
    assert store.look(store.shard_of(A)).claims == {}


def test_deaths_can_be_forgotten_beside_the_living(store, peer):
    take(store, LIFE)
    take(store, LIFE, key=B)
    store.beat(replace(LIFE, state=DIED))
    heir = take(peer, PEER)
    peer.forget_deaths([A, B])
    view = store.look(store.shard_of(A))
    assert (view.superseded(heir), view.top(A), B in view.claims) == ([], heir.generation, False)


def test_a_claim_taken_twice_is_the_same_claim(store, peer):
    assert take(store, LIFE) == take(store, LIFE)


def test_a_result_above_the_stated_size_is_refused_in_words(store):
    huge = Encoded(1, 0, (128 << 20) + 1, ())
    with pytest.raises(UnstorableError, match="takes 128 MiB, and a redis store takes 128 MiB at most: use a folder"):
        store.publish(store.shard_of(A), {A: huge}, "life-a")
    assert store.missing([A]) == {A}


def test_a_damaged_result_is_an_error_and_its_task_is_ready_again(store, address):
    import redis

    store.put(A, list(range(100)))
    raw = redis.Redis(port=address.port, password=SECRET.reveal())
    (key,) = raw.keys("*a_damaged_result*results:00")
    raw.hset(key, A, raw.hget(key, A)[:-1] + b"?")
    raw.close()
    with pytest.raises(CorruptResultError, match="was damaged"):
        store.get(A)
    assert store.missing([A]) == {A}


def test_a_result_that_the_server_dropped_takes_back_the_mark_that_promised_it(store, address):
    import redis

    store.put(A, 1)
    store.mark_complete(store.shard_of(A), {A})
    with redis.Redis(port=address.port, password=SECRET.reveal()) as raw:
        raw.delete(*raw.keys("*server_dropped*results:00"))
    with pytest.raises(ResultMissingError):
        store.get(A)
    assert store.complete() == set()


def test_many_digests_are_asked_after_in_few_messages(store):
    many = [index.to_bytes(16, "big") for index in range(25_000)]
    store.put(many[7], 1)
    assert store.missing([*many, FAR]) == {*many, FAR} - {many[7]}


def test_a_wrong_password_is_a_mistake_told_without_the_password(address):
    with pytest.raises(JugdirError, match="cannot be used") as error:
        open_redis(replace(address, password=Secret("hunter2")), None)
    assert "hunter2" not in str(error.value)


def test_a_server_that_is_not_there_is_the_users_mistake():
    with pytest.raises(JugdirError, match=r"the redis server at redis://127.0.0.1:1/0\?namespace=jug cannot be used"):
        open_redis(parse("redis://127.0.0.1:1"), None)


def test_a_server_that_goes_away_is_an_error_that_may_pass(start_redis):
    with start_redis(SECRET.reveal()) as server:
        store = make_redis(parse(f"redis://127.0.0.1:{server.port}"), SECRET, Pace())
    with pytest.raises(OSError, match="does not answer"):
        store.put(B, 1)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://node1", Address("node1", 6379, 0, None, None, False, "jug")),
        ("redis://:pa%40ss@node1:7000/3", Address("node1", 7000, 3, None, Secret("pa@ss"), False, "jug")),
        ("rediss://ada:x@node1/?namespace=primes", Address("node1", 6379, 0, "ada", Secret("x"), True, "primes")),
    ],
)
def test_addresses_are_read(url, address):
    assert astuple(parse(url)) == astuple(address)


@pytest.mark.parametrize("url", ["redis:", "redis://", "redis://node1/abc", "redis://node1:port", "redis://n/0?x=1"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(JugdirError, match="no redis address"):
        parse(url)


def test_the_environment_tells_the_password_before_the_file_does(tmp_path):
    file = tmp_path / ".config" / "jughpc.redis"
    file.parent.mkdir()
    file.write_text("from the file\n")
    file.chmod(0o600)
    assert password_from({}, tmp_path) == Secret("from the file")
    assert password_from({"JUGHPC_REDIS_PASSWORD": "mine"}, tmp_path) == Secret("mine")
    assert password_from({}, Path("/nosuch")) is None


def test_a_password_file_that_others_may_read_is_refused(tmp_path):
    file = tmp_path / ".config" / "jughpc.redis"
    file.parent.mkdir()
    file.write_text("secret")
    file.chmod(0o640)
    with pytest.raises(JugdirError, match="chmod 600"):
        password_from({}, tmp_path)
