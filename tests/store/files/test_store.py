from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pytest

from jughpc.errors import CorruptResultError, ResultMissingError, StoreError
from jughpc.fs import OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.store.resultfile import encode
from jughpc.testing.clocks import HandClock
from jughpc.testing.disk import Disk
from jughpc.testing.sharedstorecontract import SharedStoreContract
from jughpc.testing.simfiles import Client, Orders, SimFiles
from jughpc.testing.storecontract import FAILURE, LIFE, PEER, A, B, C, StoreContract

PLACES = {"results": "shards", "lives": "workers"}


def store_on(files, bits=2):
    return FileStore(files, HandClock(), Layout(bits), Pace(), lambda record: False)


class TestFileStoreOnOsFiles(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return store_on(OsFiles(tmp_path))


class TestFileStoreOnSimFiles(StoreContract):
    @pytest.fixture
    def store(self):
        return store_on(SimFiles(Client(Disk(HandClock().now)), Orders()))


class TestSharedFileStoreOnOsFiles(SharedStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return begun(store_on(OsFiles(tmp_path)), LIFE)

    @pytest.fixture
    def peer(self, tmp_path):
        return begun(store_on(OsFiles(tmp_path)), PEER)

    @pytest.fixture
    def lose(self, tmp_path):
        return lambda kind: shutil.rmtree(tmp_path / PLACES[kind])


class TestSharedFileStoreOnSimFiles(SharedStoreContract):
    @pytest.fixture(params=[True, False], ids=["hard links", "hard links refused"])
    def links(self, request):
        return request.param

    @pytest.fixture
    def disk(self):
        return Disk(HandClock().now)

    @pytest.fixture
    def store(self, disk, links):
        return begun(store_on(SimFiles(Client(disk), Orders(), links)), LIFE)

    @pytest.fixture
    def peer(self, disk, links):
        return begun(store_on(SimFiles(Client(disk), Orders(), links)), PEER)

    @pytest.fixture
    def lose(self, disk):
        return lambda kind: [disk.remove(path) for path in disk.paths() if path.startswith(PLACES[kind])]


def begun(store, record):
    store.begin(record)
    return store


class Folder:
    """A store of one shard on this machine's disk, and what lies in it."""

    def __init__(self, path):
        self.path = path
        self.store = store_on(OsFiles(path), bits=0)

    def again(self):
        """Return the store as another process sees it."""
        return store_on(OsFiles(self.path), bits=0)

    def files(self):
        return sorted(path.name for path in (self.path / "shards" / "0").iterdir())

    def only(self, ending):
        (path,) = (self.path / "shards" / "0").glob(f"*{ending}")
        return path

    def put_pack(self, **values):
        self.store.publish(0, {DIGESTS[name]: encode(value) for name, value in values.items()}, "life")
        return self.only(".pack")


DIGESTS = {"a": A, "b": B, "c": C}


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


# files


def test_one_result_is_one_file_named_by_its_digest(folder):
    folder.store.put(A, 1)
    assert folder.files() == [A.hex()]


def test_many_results_are_one_file(folder):
    assert folder.put_pack(a=1, b=2, c=3).name in folder.files()
    assert len(folder.files()) == 1


def test_an_array_is_loaded_where_it_is_mapped(folder):
    folder.store.put(A, np.arange(100_000.0))
    array = folder.again().get(A)
    base = array
    while getattr(base, "base", None) is not None:
        base = base.base
    assert "mmap" in type(getattr(base, "obj", base)).__name__


def test_changing_a_loaded_array_changes_no_file(folder):
    folder.store.put(A, np.zeros(10))
    folder.again().get(A)[:] = 1
    assert folder.again().get(A).sum() == 0


def test_a_pack_of_more_results_than_one_read_covers_is_read_whole(folder):
    many = {bytes([0, n >> 8, n & 255]) + bytes(13): encode(n) for n in range(1000)}
    folder.store.publish(0, many, "life")
    assert folder.again().look(0).done == many.keys()
    assert folder.again().get(bytes([0, 3, 231]) + bytes(13)) == 999


def test_a_pack_is_indexed_once(tmp_path):
    disk = Disk(HandClock().now)
    writer, orders = store_on(SimFiles(Client(disk), Orders()), bits=0), Orders()
    reader = store_on(SimFiles(Client(disk), orders), bits=0)
    writer.publish(0, {A: encode(1), B: encode(2)}, "life")
    reader.look(0)
    orders.calls.clear()
    reader.look(0)
    assert [call for call, _ in orders.calls] == ["names"]


# damage


class Stubborn:
    """Cannot be rebuilt."""

    def __reduce__(self):
        return refuse, ()


def refuse():
    raise KeyError("mine")


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_the_last_bit(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def flip_in_the_header(path):
    content = bytearray(path.read_bytes())
    content[11] ^= 0x80  # of the count: two thousand million results
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def make_foreign(path):
    path.write_text("not a result\n" * 100)


DAMAGES = [truncate, flip_the_last_bit, flip_in_the_header, empty, make_foreign]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_result_is_an_error_that_names_the_file(folder, damage):
    folder.store.put(A, "text" * 100)
    damage(folder.only(A.hex()))
    with pytest.raises(CorruptResultError, match=rf"shards/0/{A.hex()} is damaged.*jughpc execute"):
        folder.again().get(A)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_result_is_set_aside_and_its_task_ready_again(folder, damage):
    folder.store.put(A, "text" * 100)
    damage(folder.only(A.hex()))
    with pytest.raises(CorruptResultError):
        folder.store.get(A)
    assert folder.files() == [f"{A.hex()}.corrupt"]
    assert folder.store.missing([A]) == {A}
    with pytest.raises(ResultMissingError):
        folder.store.get(A)


def test_a_file_that_holds_another_result_than_its_name_says_is_damaged(folder):
    folder.store.put(A, 1)
    folder.store.put(B, 2)
    folder.only(A.hex()).write_bytes(folder.only(B.hex()).read_bytes())
    with pytest.raises(CorruptResultError, match="it holds another result than its name says"):
        folder.again().get(A)


def test_an_error_of_the_users_own_while_a_result_is_rebuilt_is_not_taken_for_a_missing_one(folder):
    folder.store.put(A, Stubborn())
    with pytest.raises(KeyError, match="mine"):
        folder.again().get(A)


def test_a_result_that_vanished_takes_back_the_mark_that_promised_it(folder):
    folder.store.put(A, 1)
    folder.store.mark_complete(0, {A})
    folder.only(A.hex()).unlink()
    with pytest.raises(ResultMissingError):
        folder.again().get(A)
    assert folder.again().complete() == set()


@pytest.mark.parametrize("damage", [truncate, flip_the_last_bit])
def test_the_whole_results_of_a_damaged_pack_are_rescued(folder, damage):
    damage(folder.put_pack(a="a" * 100, b="b" * 100, c=bytes(range(256)) * 2))
    reader = folder.again()
    with pytest.raises(CorruptResultError):
        reader.get(C)
    assert reader.missing([A, B, C]) == {C}
    assert (reader.get(A), reader.get(B)) == ("a" * 100, "b" * 100)
    assert folder.only(".corrupt")


@pytest.mark.parametrize("damage", [flip_in_the_header, empty, make_foreign])
def test_a_pack_whose_index_is_damaged_is_set_aside_by_a_look(folder, damage):
    damage(folder.put_pack(a=1, b=2))
    assert folder.again().look(0).done == set()
    assert folder.files() == [folder.only(".corrupt").name]


def test_a_damaged_pack_that_another_set_aside_meanwhile_is_no_error(folder):
    reader = folder.again()
    pack = folder.put_pack(a=1, b=2)
    flip_the_last_bit(pack)
    reader.look(0)
    with pytest.raises(CorruptResultError):
        folder.store.get(B)
    assert reader.get(A) == 1
    with pytest.raises(ResultMissingError):
        reader.get(B)


def test_damage_takes_back_that_the_shard_was_complete(folder):
    folder.store.put(A, 1)
    folder.store.mark_complete(0, {A})
    empty(folder.only(A.hex()))
    with pytest.raises(CorruptResultError):
        folder.store.get(A)
    assert folder.store.complete() == set()


def test_a_result_can_be_removed_beside_a_damaged_pack(folder):
    empty(folder.put_pack(a=1, b=2))
    folder.store.put(C, 3)
    assert folder.again().remove([A, C]) == 1


def test_a_result_computed_again_replaces_the_damaged_one(folder):
    folder.store.put(A, 1)
    truncate(folder.only(A.hex()))
    with pytest.raises(CorruptResultError):
        folder.store.get(A)
    folder.store.put(A, 1)
    assert folder.again().get(A) == 1


def test_a_damaged_failure_is_no_failure(folder):
    folder.store.fail(FAILURE)
    truncate(folder.only(".failure"))
    assert folder.store.failure(A) is None


# readers that know old names


def test_a_reader_that_misses_a_file_it_knew_lists_again(folder):
    reader = folder.again()
    folder.put_pack(a=1, b=2, c=3)
    assert reader.get(A) == 1
    folder.store.remove([B])
    assert reader.get(C) == 3


def test_a_look_during_which_a_pack_is_rewritten_misses_nothing():
    disk = Disk(HandClock().now)
    writer = store_on(SimFiles(Client(disk), Orders()), bits=0)
    writer.publish(0, {A: encode(1), B: encode(2), C: encode(3)}, "life")

    class RewritesMeanwhile(Orders):
        def after(self, call, path):
            if call == "names":
                writer.remove([B])

    reader = store_on(SimFiles(Client(disk), RewritesMeanwhile()), bits=0)
    assert reader.look(0).done == {A, C}


def test_two_removals_from_one_pack_at_once_both_hold():
    disk = Disk(HandClock().now)
    other = store_on(SimFiles(Client(disk), Orders()), bits=0)
    other.publish(0, {A: encode(1), B: encode(2), C: encode(3)}, "life")

    class RemovesMeanwhile(Orders):
        def after(self, call, path):
            if call == "map":
                other.remove([C])

    assert store_on(SimFiles(Client(disk), RemovesMeanwhile()), bits=0).remove([B]) == 1
    assert other.missing([A, B, C]) == {B, C}


# writing that fails


@pytest.fixture
def orders():
    return Orders()


@pytest.fixture
def disk():
    return Disk(HandClock().now)


@pytest.fixture
def store(disk, orders):
    return store_on(SimFiles(Client(disk), orders), bits=0)


@pytest.mark.parametrize("call", ["create", "send", "sync", "rename"])
def test_what_fails_to_be_written_is_never_published(store, orders, disk, call):
    orders.lose_request(call)
    with pytest.raises(OSError, match="ordered"):
        store.put(A, 1)
    assert disk.names("shards/0") == []


def test_a_result_whose_rename_was_done_twice_by_the_network_is_published(store, orders):
    orders.lose_reply("rename", 2)
    store.put(A, 1)
    assert store.get(A) == 1


def test_a_rename_of_what_never_was_is_an_error(store, orders, disk):
    orders.lose_request("rename", 2)
    with pytest.raises(FileNotFoundError):
        store.put(A, 1)
    assert disk.names("shards/0") == []


@pytest.mark.parametrize("call", ["create", "send", "sync"])
def test_a_failure_that_cannot_be_written_leaves_the_earlier_one(store, orders, call):
    store.fail(FAILURE)
    orders.lose_request(call)
    with pytest.raises(OSError, match="ordered"):
        store.fail(dataclasses.replace(FAILURE, tries=9))
    assert store.failure(A) == FAILURE


def test_a_life_begins_though_the_reply_was_lost(store, orders):
    orders.lose_reply("create", 17)
    store.begin(LIFE)
    assert store.records() == [LIFE]


def test_a_result_that_cannot_be_read_now_is_no_fault_of_who_asks(store, orders):
    store.put(A, 1)
    orders.lose_request("map", 116)
    with pytest.raises(StoreError, match=f"{A.hex()} cannot be read now"):
        store.get(A)
    assert store.get(A) == 1


# markers


def test_a_marker_is_empty_and_named_by_the_task_set(folder):
    folder.store.put(A, 1)
    folder.store.mark_complete(0, {A})
    (marker,) = (folder.path / "complete").iterdir()
    assert marker.name.startswith("0.")
    assert marker.stat().st_size == 0


def test_a_maker_that_dies_before_it_looked_leaves_no_mark(store, orders, disk):
    """It may have learned that all is done before somebody removed a result."""
    orders.lose_request("names")
    with pytest.raises(OSError, match="ordered"):
        store.mark_complete(0, {A})
    assert store.complete() == set()


@pytest.mark.parametrize("call", ["names", "rename"])
def test_a_result_removed_while_its_shard_is_marked_leaves_no_mark(disk, call):
    store = store_on(SimFiles(Client(disk), Orders()), bits=0)
    store.put(A, 1)

    class RemovesMeanwhile(Orders):
        def before(self, called, path):
            if called == call:
                store.remove([A])

    store_on(SimFiles(Client(disk), RemovesMeanwhile()), bits=0).mark_complete(0, {A})
    assert store.complete() == set()
    assert disk.names("complete") == []


def test_marks_of_other_shards_stay(tmp_path):
    store = store_on(OsFiles(tmp_path), bits=8)
    for digest in (A, B):
        store.put(digest, 1)
        store.mark_complete(store.shard_of(digest), {digest})
    store.remove([A])
    assert {shard for shard, _ in store.complete()} == {store.shard_of(B)}


# lives


def test_a_life_that_ended_is_still_known_by_name(folder):
    folder.store.begin(LIFE)
    folder.store.end(LIFE)
    assert folder.store.ended() == [LIFE.life]


def test_a_life_forgotten_cannot_beat(folder):
    folder.store.begin(LIFE)
    folder.again().forget_life(LIFE.life)
    with pytest.raises(FileNotFoundError):
        folder.store.beat(LIFE)


def test_shards_in_use_are_those_with_a_folder(tmp_path):
    store = store_on(OsFiles(tmp_path), bits=8)
    store.put(A, 1)
    store.put(b"\xff" * 16, 1)
    (tmp_path / "shards" / "foreign").mkdir()
    assert store.shards_in_use() == [1, 255]
