"""jug's hash, as jug 2.7.0 gave it: tests/data/jug/README.md tells how that was recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from jughpc.app.jugapi.jughash import hashes_of
from jughpc.tasks import task
from jughpc.tasks.jugfile import Jugfile, load
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import Tasklet

DATA = Path(__file__).parent.parent / "data" / "jug"
RECORDED = json.loads((DATA / "hashes.json").read_text())


@pytest.fixture(scope="module")
def jugfile() -> Iterator[Jugfile]:
    path, argv = list(sys.path), list(sys.argv)
    yield load(DATA / "hashes.py")
    sys.path[:], sys.argv[:] = path, argv
    del sys.modules["hashes"]
    task.alltasks.clear()


@pytest.mark.parametrize("name", RECORDED)
def test_a_call_has_the_hash_that_jug_gave_it(jugfile, name):
    found = hashes_of(jugfile.tasks)
    assert found[jugfile.space["cases"][name].digest].decode() == RECORDED[name]


def test_a_task_whose_hash_cannot_be_told_has_none_and_neither_has_what_needs_it():
    base = Task(abs, -1)
    by_lambda = Task(len, Tasklet(base, lambda x: x))
    after = Task(len, [by_lambda])
    assert hashes_of([after, by_lambda, base]).keys() == {base.digest}


def test_dependencies_are_hashed_first_in_whatever_order_they_come():
    inner = Task(abs, -1)
    outer = Task(abs, inner)
    assert hashes_of([outer, inner]) == hashes_of([inner, outer])
    assert len(hashes_of([outer, inner])) == 2


def test_a_long_chain_needs_no_recursion():
    chain = [Task(abs, -1)]
    for _ in range(5_000):
        chain.append(Task(abs, chain[-1]))
    assert len(hashes_of(chain[::-1])) == len(chain)
