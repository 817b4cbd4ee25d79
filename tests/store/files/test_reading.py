"""Results are read by the pack, and never as they were before a look."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest

from jughpc.errors import CorruptResultError, ResultMissingError
from jughpc.fs import OsFiles
from jughpc.store.base import SHARD, Pace
from jughpc.store.files.checks import LARGE
from jughpc.store.files.kept import FOR, Kept
from jughpc.store.files.layout import Layout
from jughpc.store.files.packing import merge
from jughpc.store.files.store import FileStore
from jughpc.store.resultfile import encode, pack
from jughpc.testing.clocks import HandClock

MANY = [bytes([0, i]) + bytes(13) + bytes([i % 7]) for i in range(100)]
A, B = MANY[:2]


def publish(worker, values, life="life"):
    worker.store.publish(0, {digest: encode(value) for digest, value in values.items()}, life)


def opens(worker):
    """Return the calls since this was last asked that open a file."""
    return [call for call in worker.calls() if call in ("read", "map")]


@pytest.fixture
def two(cluster):
    """Return one who writes, and one who reads."""
    return cluster.worker("writer"), cluster.worker("reader")


@pytest.fixture
def on_disk(tmp_path):
    return FileStore(OsFiles(tmp_path), HandClock(), Layout(0), Pace(), lambda record: False)


def test_the_results_of_one_pack_cost_one_open(two):
    writer, reader = two
    publish(writer, {digest: i for i, digest in enumerate(MANY)})
    reader.calls()
    assert [reader.store.get(digest) for digest in MANY] == list(range(100))
    assert reader.calls() == ["names", "read"]


def test_a_large_pack_is_read_whole_only_if_it_is_used_often(two):
    writer, reader = two
    publish(writer, {digest: np.full(1000, i) for i, digest in enumerate(MANY)})
    reader.calls()
    assert [reader.store.get(digest)[0] for digest in MANY] == list(range(100))
    assert opens(reader) == ["read", *["map"] * 7, "read"]


def test_what_another_removed_is_missed_after_a_look(two):
    writer, reader = two
    publish(writer, {A: 1, B: 2})
    assert reader.store.get(A) == 1
    writer.store.remove([A])
    reader.store.look(0)
    with pytest.raises(ResultMissingError):
        reader.store.get(A)
    assert reader.store.get(B) == 2


def test_what_another_removed_is_missed_after_some_seconds_without_a_look(two, cluster):
    writer, reader = two
    publish(writer, {A: 1, B: 2})
    assert reader.store.get(A) == 1
    writer.store.remove([A])
    cluster.clock.sleep(FOR + 0.1)
    with pytest.raises(ResultMissingError):
        reader.store.get(A)


@pytest.mark.parametrize("key", [SHARD, MANY[50]], ids=["a shard", "a task"])
def test_who_wins_a_claim_reads_what_was_there_then(two, key):
    writer, reader = two
    publish(writer, {A: "old", B: "old"})
    view = reader.store.look(0)
    assert reader.store.get(A) == "old"
    writer.store.remove([A, B])
    publish(writer, {A: "new", B: "new"})
    assert reader.take(key, view)
    assert [reader.store.get(A), reader.store.get(B)] == ["new", "new"]


def test_a_pack_that_was_merged_meanwhile_is_found_in_the_other_file(two):
    writer, reader = two
    publish(writer, {A: 1, B: 2})
    publish(writer, dict.fromkeys(MANY[2:9], 3))
    assert reader.store.get(A) == 1
    merge(writer.files, "shards/0", "merged-1")
    assert [reader.store.get(digest) for digest in MANY[:9]] == [1, 2] + [3] * 7


def test_values_from_one_pack_share_no_memory(two):
    writer, reader = two
    publish(writer, {A: np.zeros(5), B: {"a": np.zeros(5)}})
    reader.store.get(A)[:] = 1
    reader.store.get(B)["a"][:] = 1
    assert reader.store.get(A).sum() == reader.store.get(B)["a"].sum() == 0


def test_what_is_kept_of_packs_is_bounded(tmp_path):
    files = OsFiles(tmp_path)
    content = pack({digest: encode(0) for digest in MANY})
    for shard in range(20):
        files.write(f"{shard}.pack", content)
    kept = Kept(files, HandClock().now, most=50_000)
    for shard in range(20):
        kept.pack(shard, f"{shard}.pack")
        assert kept.size <= 50_000
    assert kept.find(19, A) is not None
    assert kept.find(0, A) is None
    kept.clear()
    assert kept.size == 0


def test_no_file_stays_open_or_mapped_after_many_small_results(on_disk):
    for shard in range(50):
        on_disk.publish(0, {bytes([shard]) + d[1:]: encode(d) for d in MANY}, f"life{shard}")
    assert all(on_disk.get(bytes([shard]) + d[1:]) == d for shard in range(50) for d in MANY)
    maps = OsFiles("/proc/self").read("maps").decode()
    assert ".pack" not in maps


# damage


def flip(path, place=-1):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_damaged_payload_in_a_pack_that_is_kept_is_set_aside_and_the_rest_stays(on_disk, tmp_path):
    on_disk.publish(0, {digest: encode(str(i)) for i, digest in enumerate(MANY)}, "life")
    (path,) = (tmp_path / "shards/0").glob("*.pack")
    flip(path)
    assert on_disk.get(A) == "0"
    with pytest.raises(CorruptResultError, match="corrupt"):
        on_disk.get(MANY[-1])
    assert [on_disk.get(digest) for digest in MANY[:-1]] == [str(i) for i in range(99)]
    assert on_disk.missing(MANY) == {MANY[-1]}


def large(value=1.0):
    return np.full(LARGE // 8 + 100, value)


def test_a_large_array_is_given_at_once_and_its_damage_told_when_asked(on_disk, tmp_path):
    on_disk.put(A, large())
    flip(tmp_path / "shards/0" / A.hex())
    assert on_disk.get(A).shape == large().shape
    with pytest.raises(CorruptResultError, match="set aside"):
        on_disk.assure()
    on_disk.assure()  # which was told once
    with pytest.raises(ResultMissingError):
        on_disk.get(A)


def test_the_damage_of_one_large_array_is_told_at_the_latest_when_the_next_is_read(on_disk, tmp_path):
    on_disk.put(A, large())
    on_disk.put(B, large())
    flip(tmp_path / "shards/0" / A.hex())
    on_disk.get(A)
    with pytest.raises(CorruptResultError, match=A.hex()):
        on_disk.get(B)
    on_disk.get(B)
    on_disk.assure()


def test_a_large_array_that_is_changed_by_who_read_it_is_not_taken_for_damaged(on_disk):
    on_disk.put(A, large())
    for _ in range(5):
        array = on_disk.get(A)
        array[:] = 2
        on_disk.assure()
    assert on_disk.get(A)[0] == 1


def test_damage_in_the_header_of_a_large_array_is_told(on_disk, tmp_path):
    on_disk.put(A, large())
    flip(tmp_path / "shards/0" / A.hex(), 64 + 20)
    with pytest.raises(CorruptResultError):
        on_disk.get(A)


def test_a_script_that_ends_with_a_damaged_array_in_hand_says_so(on_disk, tmp_path):
    on_disk.put(A, large())
    flip(tmp_path / "shards/0" / A.hex())
    script = f"""
        from jughpc.fs import OsFiles
        from jughpc.store.base import Pace
        from jughpc.store.files.layout import Layout
        from jughpc.store.files.store import FileStore
        from jughpc.testing.clocks import HandClock
        from pathlib import Path
        store = FileStore(OsFiles(Path({str(tmp_path)!r})), HandClock(), Layout(0), Pace(), lambda record: False)
        store.get({A!r})
    """
    done = subprocess.run([sys.executable, "-c", dedent(script)], capture_output=True, text=True, check=True)
    assert "is damaged" in done.stderr
    assert "Traceback" not in done.stderr


# writing


def test_a_small_result_keeps_what_it_was_when_its_value_changes_later(on_disk):
    buffer, results = np.zeros(10), {}
    for i, digest in enumerate(MANY[:5]):
        buffer[:] = i
        results[digest] = encode(buffer)
    on_disk.publish(0, results, "life")
    assert [on_disk.get(digest)[0] for digest in MANY[:5]] == [0, 1, 2, 3, 4]


def test_a_large_string_of_bytes_is_not_copied_to_be_stored(on_disk):
    blob = np.random.default_rng(1).bytes(LARGE + 100)
    encoded = encode({"blob": blob, "more": [1, 2]})
    assert any(part is blob for part in encoded.parts)
    on_disk.publish(0, {A: encoded}, "life")
    assert on_disk.get(A) == {"blob": blob, "more": [1, 2]}


def test_one_compressible_corner_does_not_have_all_compressed():
    noise = np.random.default_rng(1).bytes(3 << 20)
    assert encode(["words " * 20_000, noise]).length > 3 << 20
    assert encode([noise[:1000], "words " * 600_000]).length < 1 << 20
