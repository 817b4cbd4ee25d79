"""The manifest tells of a jugfile's tasks what the graph knows, containers that many of them share included."""

from __future__ import annotations

import io

import numpy as np
import pytest

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
