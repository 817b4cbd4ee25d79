"""The manifest tells of a jugfile's tasks what the graph knows, containers that many of them share included."""

from __future__ import annotations

import io

import numpy as np
import pytest

from jughpc.app.context import manifest
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
def kept(graph, tmp_path):
    files = OsFiles(tmp_path)
    manifest.save(files, KEY, manifest.of_graph(graph, barrier=False), "token")
    return manifest.find(files, KEY)


def test_a_task_waits_until_all_that_it_needs_is_done(graph, kept):
    done = np.zeros(len(kept), bool)
    for i in range(len(kept)):
        assert (~kept.waiting(done) & ~done).nonzero()[0].tolist() == graph.ready()
        done[i] = True
        graph.done(i)
    assert not kept.waiting(done).any()


def test_a_name_needs_another_also_by_what_is_shared(kept):
    pairs = {(kept.names[a].split(".")[-1], kept.names[b].split(".")[-1]) for a, b in kept.name_pairs()}
    assert pairs == {("part", "user"), ("user", "last")}


def test_who_knows_of_no_shared_containers_does_not_take_their_manifest_for_one_of_his(graph, tmp_path):
    files = OsFiles(tmp_path)
    manifest.save(files, KEY, manifest.of_graph(graph, barrier=False), "token")
    (name,) = files.names("manifest")
    with np.load(io.BytesIO(files.read(f"manifest/{name}"))) as arrays:
        is_shared = len(arrays["starts"]) > len(arrays["kinds"]) + 1
        assert is_shared == (len(graph.tasks) > 100)
        assert ("needs" in arrays) != is_shared
