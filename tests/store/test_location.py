"""A jugdir is parsed once, to the one place that it names."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from jughpc.errors import JugdirError
from jughpc.fs import RootGoneError
from jughpc.store.base import Pace
from jughpc.store.files.charter import STORE
from jughpc.store.location import Folder, Memory, Server, open_or_make, parse
from jughpc.store.redis.store import LARGEST

SECRET = "s3cret"
REDIS = f"redis://ada:{SECRET}@node1:7000/2?namespace=primes"
TEXTS = ["there", "./a:b", "dict_store", "dict_store:kept", REDIS, "rediss://node1"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind"),
    [("there", Folder), ("/a/b:c", Folder), ("./a:b", Folder), ("..", Folder), ("dict_store", Memory),
     ("dict_store:kept", Memory), ("dict_store2", Folder), (REDIS, Server), ("rediss://node1", Server)],
)  # fmt: skip
def test_each_spelling_is_of_one_kind(text, kind):
    assert type(parse(text)) is kind


@pytest.mark.parametrize(
    "text", ["file_keepalive:there", "file:there", "mysql://u:s3cret@h/db", "ada@node1:there", "c:x"]
)
def test_what_begins_like_an_address_of_no_kind_is_refused_and_told_what_there_is(text):
    with pytest.raises(JugdirError, match=r"redis://HOST, dict_store and dict_store:FILE") as refused:
        parse(text)
    assert SECRET not in str(refused.value)


def test_jugs_word_for_the_usual_redis_server_is_known_with_and_without_a_namespace():
    assert parse("redis:") == parse("redis://localhost")
    assert parse("redis:?namespace=primes") == parse("redis://localhost:6379/0?namespace=primes")


@pytest.mark.parametrize("text", ["redis:x", "redis://", "redis://h/x", f"redis://:{SECRET}@:1/2", "dict_store:"])
def test_an_address_that_names_nothing_is_refused(text):
    with pytest.raises(JugdirError) as refused:
        parse(text)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("how", ["make", "find", "files"])
def test_nothing_that_uses_a_jugdir_brings_it_back_once_it_is_removed(here, how):
    place = parse("there")
    made = place.make(7, Pace())
    write = {
        "make": lambda: made.mark_complete(0, set()),
        "find": lambda: place.find().mark_complete(0, set()),
        "files": lambda: place.files().write("submissions/1/record.json", [b"x"]),
    }[how]
    write()
    found = place.find() if how == "find" else None
    (here / "there").rename(here / "elsewhere")
    with pytest.raises(RootGoneError):
        found.mark_complete(0, set()) if found else write()
    assert not (here / "there").exists()


@pytest.mark.parametrize("text", TEXTS)
def test_what_a_place_spells_is_parsed_to_it_again(text):
    assert parse(parse(text).spell()) == parse(text)


@pytest.mark.parametrize("show", [str, repr, lambda place: place.spell(), lambda place: f"{[place]} {place}"])
def test_no_password_is_ever_shown(show):
    assert SECRET not in show(parse(REDIS))


def test_a_password_goes_with_a_place_that_is_copied():
    for twin in (copy.copy(parse(REDIS)), pickle.loads(pickle.dumps(parse(REDIS)))):
        assert (twin, twin.address.password.reveal()) == (parse(REDIS), SECRET)


def test_a_folder_is_the_same_by_any_path(here: Path):
    assert parse("there") == parse(f"{here}/there") == parse("./there")
    assert parse("there") != parse("elsewhere")


def test_a_relative_folder_stays_where_it_was_when_the_process_moves(here: Path, monkeypatch):
    place = parse("there")
    monkeypatch.chdir("/")
    assert place.folder() == here / "there"


@pytest.mark.parametrize(
    ("other", "same"),
    [("redis://node1:7000/2?namespace=primes", True), ("rediss://bob@NODE1:7000/2?namespace=primes", True),
     ("redis://node1:7000/3?namespace=primes", False), ("redis://node1:7000/2?namespace=other", False),
     ("redis://node2:7000/2?namespace=primes", False), ("redis://node1/2?namespace=primes", False)],
)  # fmt: skip
def test_a_servers_namespace_is_the_same_whoever_goes_there(other, same):
    assert (parse(REDIS) == parse(other)) is same


@pytest.mark.parametrize("namespace", ["a b", "a&b=c", "ü/?#", "%41"])
def test_any_namespace_can_be_spelled(namespace):
    address = parse("redis://[::1]:7000").address
    place = Server(type(address)(**{**vars(address), "namespace": namespace}))
    assert parse(place.spell()) == place


@pytest.mark.parametrize("text", ["dict_store", "dict_store:kept", REDIS])
def test_what_is_no_folder_has_no_files_and_says_so(text):
    place = parse(text)
    assert place.files() is None
    with pytest.raises(JugdirError, match="needs a folder") as refused:
        place.folder()
    assert SECRET not in str(refused.value)


def test_only_memory_is_private_and_only_a_server_has_a_largest_result():
    assert [parse(text).is_private for text in TEXTS] == [False, False, True, True, False, False]
    assert [parse(text).largest for text in TEXTS] == [None, None, None, None, LARGEST, LARGEST]


@pytest.mark.parametrize("text", ["there", "./a:b"])
def test_a_folder_is_found_once_it_was_made_and_can_be_removed(text):
    place = parse(text)
    assert place.find() is None
    place.make(10, Pace()).put(bytes(16), 1)
    found = place.find()
    assert found is not None
    assert found.get(bytes(16)) == 1
    place.remove()
    assert (place.find(), place.folder().exists()) == (None, False)


def test_what_is_not_ours_is_not_removed(here: Path):
    (here / "thesis").mkdir()
    (here / "thesis" / "thesis.tex").touch()
    for text in ("thesis", "nothing", "dict_store", REDIS):
        with pytest.raises(JugdirError):
            parse(text).remove()
    assert (here / "thesis" / "thesis.tex").exists()


def test_what_lies_beside_a_stores_own_files_outlives_the_store():
    place = parse("there")
    place.make(10, Pace()).put(bytes(16), 1)
    (place.folder() / "thesis.tex").touch()
    place.remove()
    assert [path.name for path in place.folder().iterdir()] == ["thesis.tex"]


def test_a_store_in_memory_is_found_in_the_file_that_it_was_saved_to():
    assert parse("dict_store").find() is None
    store = parse("dict_store:kept").find()
    assert store is not None
    store.put(bytes(16), 1)
    store.save()
    again = parse("dict_store:kept").find()
    assert again is not None
    assert again.get(bytes(16)) == 1


def test_opening_makes_what_is_not_there(here: Path):
    open_or_make(parse("there"))
    assert (here / "there" / STORE).exists()
