"""Odd things in place of each file of a store: all that commands and workers read is read, in bounded memory."""

from __future__ import annotations

import shutil
import tracemalloc
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from jughpc.app.context import kept
from jughpc.errors import StoreError
from jughpc.fs import OsFiles
from jughpc.store.base import SHARD, Pace
from jughpc.store.death import CRASH, Death
from jughpc.store.files.layout import Layout
from jughpc.store.files.store import FileStore
from jughpc.store.resultfile import encode
from jughpc.testing.clocks import HandClock
from jughpc.testing.storecontract import FAILURE, LIFE, PEER, A, B, C
from tests.odd import ODD

LARGEST = 64 << 20  # [bytes] of memory that Python may take


def store_in(folder):
    return FileStore(OsFiles(folder), HandClock(), Layout(0), Pace(), lambda record: False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a store that has a file of each kind."""
    folder = tmp_path_factory.mktemp("store")
    store = store_in(folder)
    store.begin(LIFE)
    store.begin(PEER)
    store.end(PEER)
    store.put(A, "a")
    store.publish(0, {B: encode("b"), C: encode(np.arange(1 << 20))}, LIFE.life)
    digest = bytes(15) + b"\1"
    store.fail(replace(FAILURE, digest=digest))
    store.bury(Death(digest, LIFE.life, CRASH, "it died"))
    for key in (digest, SHARD):
        store.claims(LIFE.life).take(0, key, store.look(0))
    store.mark_complete(0, {A, B, C})
    return folder


def look_at_all(folder):
    """Do each thing that reads; what is missing or damaged is told as such."""
    store = store_in(folder)
    view = store.look(0)
    for digest in (A, B, C):
        with suppress(StoreError):
            store.get(digest)
    with suppress(StoreError):
        store.assure()
    for key in view.claims:
        store.claimant(0, key, view.top(key))
        store.death_at(0, key, view.top(key))
        store.observer().proof(0, key, view.top(key))
    for digest in (*view.failed, *view.deaths):
        store.failure(digest), store.deaths(digest), store.inspect(digest)
    store.records(), store.ended_records(store.ended()), store.complete(), store.shards_in_use()
    store.missing({A, B, C}), store.pack(0, LIFE.life), store.sweep({LIFE.life})
    kept.of_any(OsFiles(folder))
    return store


@pytest.mark.parametrize("odd", ODD)
def test_whatever_lies_where_a_file_of_the_store_was_is_read_within_bounds(whole, tmp_path, odd):
    names = sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file())
    assert len(names) >= 8, names
    for place, name in enumerate(names):
        folder = tmp_path / str(place)
        shutil.copytree(whole, folder)
        (folder / name).unlink()
        ODD[odd](folder / name)
        tracemalloc.start()
        try:
            look_at_all(folder)
            assert tracemalloc.get_traced_memory()[1] < LARGEST, name
        finally:
            tracemalloc.stop()


def test_of_a_whole_store_all_is_read(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "whole")
    store = look_at_all(tmp_path / "whole")
    assert (store.get(A), store.get(B), store.get(C).sum()) == ("a", "b", (1 << 20) * ((1 << 20) - 1) // 2)
