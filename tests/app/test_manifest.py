"""The manifest tells of a jugfile's tasks what the graph knows, containers that many of them share included."""

from __future__ import annotations

import io
import os
import tracemalloc
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from numpy.lib import format as npy

from jughpc.app.context import columns, kept, manifest
from jughpc.fs import OsFiles
from jughpc.tasks.graph import Graph
from jughpc.tasks.task import Task, alltasks

KEY = "0" * 32


def part(i):
    return i


def user(i, parts):
    return i


def last(users):
    return users


@pytest.fixture(params=[10, 100], ids=["small", "large enough to be shared"])
def graph(request):
    """Return parts, three that use all of them, and one that uses these."""
    before = len(alltasks)
    parts = [Task(part, i) for i in range(request.param)]
    users = [Task(user, i, parts) for i in range(3)]
    whole = Graph([*parts, *users, Task(last, users)])
    del alltasks[before:]
    return whole


@pytest.fixture
def files(graph, tmp_path):
    """Return a folder in which its manifest is kept."""
    files = OsFiles(tmp_path)
    load = kept.Load(KEY, b"".join(graph.digests), barrier=False, when=1.0)
    kept.keep(files, load, lambda: columns.of_graph(graph, barrier=False), "token")
    return files


@pytest.fixture
def found(files):
    return kept.latest(files, KEY)


def test_a_task_waits_until_all_that_it_needs_is_done(graph, found):
    done = np.zeros(len(found), bool)
    for i in range(len(found)):
        assert (~found.waiting(done) & ~done).nonzero()[0].tolist() == graph.ready()
        done[i] = True
        graph.done(i)
    assert not found.waiting(done).any()


def test_a_name_needs_another_also_by_what_is_shared(found):
    pairs = {(found.names[a].split(".")[-1], found.names[b].split(".")[-1]) for a, b in found.name_pairs()}
    assert pairs == {("part", "user"), ("user", "last")}


def test_who_knows_of_no_shared_containers_does_not_take_their_manifest_for_one_of_his(graph, files):
    (name,) = files.names("manifest")
    with np.load(io.BytesIO(files.read(f"manifest/{name}"))) as arrays:
        is_shared = len(arrays["starts"]) > len(arrays["kinds"]) + 1
        assert is_shared == (len(graph.tasks) > 100)
        assert ("needs" in arrays) != is_shared


def test_what_is_kept_is_the_same_with_numpy_and_without(graph, found):
    again = manifest.of_graph(graph, barrier=False)
    assert again.columns() == columns.of_graph(graph, barrier=False) == found.columns()
    assert found.names == again.names


def spoilt(change):
    """Return what writes a manifest whose arrays were changed."""

    def write(path):
        with np.load(path) as arrays:
            whole = dict(arrays)
        change(whole)
        np.savez(path, **whole)

    return write


def one_number(key, value):
    def change(arrays):
        key_there = key if key in arrays else "bundled"
        arrays[key_there] = arrays[key_there].copy()
        arrays[key_there].flat[-1] = value

    return spoilt(change)


def lacks(key):
    return spoilt(lambda arrays: arrays.pop(key))


def other(key, value):
    return spoilt(lambda arrays: arrays.update({key: value}))


def bomb(path):
    """A file that would be a thousand times as large: deflated, as nobody writes it."""
    with ZipFile(path, "w", ZIP_DEFLATED) as members:
        for name in ("names", "kinds", "digests", "starts", "needs", "barrier"):
            members.writestr(f"{name}.npy", bytes(8 << 20))
        with members.open("more.npy", "w", force_zip64=True) as more:
            for _ in range(4):
                more.write(bytes(32 << 20))


def claims_much(path):
    """An array of 10^10 numbers, by its own word, and with the checksum of that."""
    head = io.BytesIO()
    npy.write_array_header_1_0(head, {"descr": "<i8", "fortran_order": False, "shape": (10**10,)})
    with np.load(path) as arrays:
        whole = dict(arrays)
    with ZipFile(path, "w") as members:
        for key, value in whole.items():
            with members.open(f"{key}.npy", "w") as file:
                file.write(head.getvalue()) if key == "starts" else npy.write_array(file, value)


SPOILT = {
    "a name that is none": one_number("kinds", 10**6), "a task that is none": one_number("needs", 10**9),
    "a negative task": one_number("needs", -1), "an end behind the end": one_number("starts", 10**9),
    "no digests": lacks("digests"), "no tasks": lacks("kinds"),
    "digests of another size": other("digests", np.zeros((3, 17), np.uint8)),
    "half numbers": other("starts", np.zeros(1)), "objects": other("needs", np.array([{}], object)),
    "one number": other("kinds", np.uint32(7)), "texts": other("kinds", np.array(["a"])),
    "bomb": bomb, "claims much": claims_much, "nothing": lambda path: path.write_bytes(b""),
    "sparse": lambda path: os.truncate(path, 8 << 30), "no zip": lambda path: path.write_bytes(b"PK\3\4" + bytes(99)),
}  # fmt: skip


@pytest.mark.parametrize("kind", SPOILT)
def test_a_manifest_whose_numbers_count_what_is_not_there_is_none_and_takes_no_memory(files, tmp_path, kind):
    (name,) = files.names("manifest")
    SPOILT[kind](tmp_path / "manifest" / name)
    tracemalloc.start()
    try:
        assert kept.latest(files, KEY) is None
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()
    assert files.names("manifest") == []
