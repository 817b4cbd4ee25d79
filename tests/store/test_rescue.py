"""Results that were kept on a host's own disk, because their store did not take them."""

from __future__ import annotations

import pytest

from jughpc.errors import UsageError
from jughpc.store import rescue
from jughpc.store.base import Pace
from jughpc.store.files.opening import make_store
from jughpc.store.resultfile import encode

RESULTS = {bytes([number]) * 16: encode(number) for number in range(5)}


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return make_store(tmp_path / "jugdir", 10_000, "1", Pace())


@pytest.fixture
def kept(store, tmp_path):
    return rescue.keep(RESULTS, "life-1", str(tmp_path / "jugdir"))


def test_what_was_kept_is_found_by_its_jugdir_and_nobody_elses(kept, tmp_path):
    assert rescue.folders(str(tmp_path / "jugdir")) == [kept]
    assert rescue.folders(str(tmp_path / "other")) == []
    assert rescue.whose(kept) == str(tmp_path / "jugdir")


def test_what_is_taken_up_is_in_the_store_and_kept_no_more(store, kept):
    assert rescue.take_up(kept, store) == 5
    assert [store.get(digest) for digest in RESULTS] == list(range(5))
    assert not kept.exists()


def test_what_others_computed_meanwhile_stays_theirs(store, kept):
    store.put(bytes(16), "theirs")
    assert rescue.take_up(kept, store) == 4
    assert store.get(bytes(16)) == "theirs"


def test_a_store_that_still_fails_leaves_all_where_it_is(store, kept, tmp_path):
    for shard in range(store.shards):
        path = tmp_path / "jugdir" / store.folder(shard)
        path.parent.mkdir(exist_ok=True)
        path.write_text("in the way")
    with pytest.raises(OSError, match="Not a directory"):
        rescue.take_up(kept, store)
    assert rescue.whose(kept)


@pytest.mark.parametrize("damage", ["", "{", "[]", "[" * 100_000, '{"jugdir": '])
def test_a_folder_that_does_not_say_whose_it_is_is_refused(kept, damage):
    (kept / "rescue.json").write_text(damage)
    with pytest.raises(UsageError, match="absent or damaged"):
        rescue.whose(kept)


def test_a_folder_that_others_can_write_is_not_believed(kept, tmp_path):
    kept.chmod(0o777)
    assert rescue.folders(str(tmp_path / "jugdir")) == []
    with pytest.raises(UsageError, match="others cannot write"):
        rescue.whose(kept)


def test_damaged_results_are_refused(store, kept):
    (kept / "results.pack").write_bytes(b"nothing of ours")
    with pytest.raises(UsageError, match="damaged"):
        rescue.take_up(kept, store)
