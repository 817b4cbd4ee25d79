"""A jugdir without its charter is known for what it is, and the charter is made again from what is left."""

from __future__ import annotations

import json
import random
import shutil
from contextlib import suppress
from dataclasses import replace

import pytest

from jughpc.errors import JugdirError
from jughpc.fs import OsFiles
from jughpc.store.base import Pace
from jughpc.store.files.charter import (
    STORE,
    Charter,
    DamagedCharterError,
    LostCharterError,
    find_charter,
)
from jughpc.store.files.layout import Layout
from jughpc.store.files.opening import make_store, open_store, repair_store
from jughpc.store.files.remains import layout_of, pace_of
from jughpc.store.files.store import FileStore
from jughpc.store.record import Record
from jughpc.store.resultfile import encode
from jughpc.testing.clocks import HandClock
from jughpc.testing.disk import Disk
from jughpc.testing.simfiles import Client, Orders, SimFiles

LIFE = Record(life="node1-7-0000cafe", host="node1", space="boot", pid=7, started=5, user="ada", begun=1000.0)


def mend(jugdir, tasks=1, pace=None):
    return repair_store(jugdir, tasks, "1.2.3", pace or Pace(), HandClock())


def store_of(bits):
    files = SimFiles(Client(Disk(HandClock().now)), Orders())
    return files, FileStore(files, HandClock(), Layout(bits), Pace(), lambda record: False)


# the checksum


def test_a_flipped_bit_in_a_charter_is_noticed_or_harmless(tmp_path):
    make_store(tmp_path, 2000, "1.2.3", Pace(), HandClock())
    whole = (tmp_path / STORE).read_bytes()
    for place in range(len(whole)):
        text = bytearray(whole)
        text[place] ^= 1 << place % 8
        (tmp_path / STORE).write_bytes(text)
        with suppress(JugdirError):
            assert find_charter(OsFiles(tmp_path), HandClock(), tmp_path) == Charter(2, Pace())


def test_a_charter_that_was_changed_by_hand_is_told_with_what_makes_it_whole(tmp_path):
    make_store(tmp_path, 2000, "1.2.3", Pace(), HandClock())
    text = (tmp_path / STORE).read_text().replace('"shard_bits": 2', '"shard_bits": 3')
    (tmp_path / STORE).write_text(text)
    with pytest.raises(DamagedCharterError, match=r"checksum does not fit.*jughpc repair .*--jugdir"):
        open_store(tmp_path)


def test_a_charter_of_an_early_version_has_no_checksum_and_is_read(tmp_path):
    fields = {"format": 1, "version": "0.1.0", "shard_bits": 5, "beat": 15.0, "lag": 60.0, "ttl": 180.0}
    (tmp_path / STORE).write_text(json.dumps(fields, indent=1) + "\n")
    assert open_store(tmp_path).shards == 32


# what a half-deleted jugdir is called


@pytest.fixture
def jugdir(tmp_path):
    """Return a jugdir of 8 shards with some results, a mark and a record."""
    store = make_store(tmp_path, 4000, "1.2.3", Pace(), HandClock())
    store.begin(LIFE)
    for shard in range(8):
        digests = {bytes([shard << 5, n]) + bytes(14) for n in range(4)}
        store.publish(shard, {digest: encode(1) for digest in digests}, LIFE.life)
        store.mark_complete(shard, digests)
    return tmp_path


@pytest.mark.parametrize("left", ["shards", "complete", "workers"])
def test_what_is_left_of_a_jugdir_is_called_that_with_the_next_step(jugdir, left):
    for path in jugdir.iterdir():
        if path.name != left:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(LostCharterError, match=rf"is half-deleted.*holds {left}.*jughpc repair {jugdir}"):
        open_store(jugdir)
    with pytest.raises(LostCharterError):
        make_store(jugdir, 1, "1.2.3", Pace())


def test_empty_folders_that_a_purge_left_are_known_for_a_jugdirs(tmp_path):
    for name in ("shards", "complete", "workers"):
        (tmp_path / name).mkdir()
    with pytest.raises(LostCharterError):
        open_store(tmp_path)


@pytest.mark.parametrize("names", [("submissions/1",), ("workers/ada",), ("shards/one", "sources/a.c"), ("complete",)])
def test_what_only_sounds_like_a_jugdir_is_somebody_elses(tmp_path, names):
    for name in names:
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(JugdirError, match="belongs to something else"):
        open_store(tmp_path)
    with pytest.raises(JugdirError, match="belongs to something else"):
        mend(tmp_path)


# what is made again


def test_a_whole_charter_stays_as_it_is(jugdir):
    before = (jugdir / STORE).read_bytes()
    assert not mend(jugdir)
    assert (jugdir / STORE).read_bytes() == before


@pytest.mark.parametrize("damage", ["gone", "emptied", "garbage", "a link", "a folder"])
def test_a_charter_is_made_again_as_it_was(jugdir, damage):
    before, path = (jugdir / STORE).read_bytes(), jugdir / STORE
    path.unlink()
    match damage:
        case "emptied" | "garbage":
            path.write_text("" if damage == "emptied" else "{]}\n")
        case "a link":
            path.symlink_to("/dev/null")
        case "a folder":
            path.mkdir()
    assert mend(jugdir)
    assert path.read_bytes() == before


def test_there_is_nothing_to_repair_in_an_empty_folder(tmp_path):
    with pytest.raises(JugdirError, match="nothing to repair"):
        mend(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_charter_of_a_later_format_is_no_damage(jugdir):
    (jugdir / STORE).write_text('{"format": 2, "version": "9.1"}\n')
    with pytest.raises(JugdirError, match="format 2"):
        mend(jugdir)
    assert "9.1" in (jugdir / STORE).read_text()


@pytest.mark.parametrize("bits", range(15))
@pytest.mark.parametrize("kept", [1, 3, 40])
def test_each_result_that_is_left_is_found_by_the_layout_that_is_made_again(bits, kept):
    dice, (files, store) = random.Random(100 * bits + kept), store_of(bits)
    digests = {dice.randbytes(16) for _ in range(kept)}
    for digest in digests:
        store.put(digest, 1)
    found = FileStore(files, HandClock(), layout_of(files, 7), Pace(), lambda record: False)
    assert found.missing(digests) == set()


@pytest.mark.parametrize("bits", range(15))
def test_from_a_hundred_results_the_number_of_shards_is_certain(bits):
    dice, (files, store) = random.Random(bits), store_of(bits)
    for _ in range(100):
        store.put(dice.randbytes(16), 1)
    assert layout_of(files, likely=(bits + 1) % 15) == Layout(bits)


@pytest.mark.parametrize("bits", range(15))
def test_empty_folders_and_marks_tell_how_many_shards_there_were(bits):
    files, _ = store_of(bits)
    for shard in range(1 << bits):
        files.make_folder(Layout(bits).folder(shard))
    assert layout_of(files, likely=bits) == Layout(bits)


def test_without_anything_that_tells_the_number_of_tasks_does():
    files, _ = store_of(0)
    assert layout_of(files, likely=9) == Layout(9)


def test_an_empty_folder_of_somebody_elses_misleads_nobody():
    files, store = store_of(3)
    for n in range(20):
        store.put(random.Random(n).randbytes(16), 1)
    files.make_folder("shards/cafe")
    assert layout_of(files, likely=0) == Layout(3)


def test_results_of_two_layouts_are_an_error_and_nothing_is_guessed():
    files, store = store_of(3)
    store.put(b"\xff" * 16, 1)
    FileStore(files, HandClock(), Layout(6), Pace(), lambda record: False).put(b"\xfe" * 16, 1)
    with pytest.raises(JugdirError, match="several stores"):
        layout_of(files, likely=3)


def test_the_pace_is_the_slower_one_that_records_tell_of():
    files, store = store_of(0)
    store.begin(LIFE)
    assert pace_of(files, Pace()) == Pace()
    store.beat(replace(LIFE, beats=10, beaten=LIFE.begun + 600))
    slow = pace_of(files, Pace())
    assert (slow.beat, slow.lag, slow.ttl) == (60.0, 60.0, 300.0)
    store.beat(replace(LIFE, beats=10, beaten=LIFE.begun + 150))
    assert pace_of(files, Pace()) == Pace()
