"""How many tasks can run at the same time, as some of them show."""

from __future__ import annotations

import pytest

from jughpc.store.files.layout import ABREAST_A_SHARD, Layout, as_many_apart, bits_for
from jughpc.tasks.abreast import abreast
from jughpc.tasks.task import Task


def call(*arguments):
    return arguments


def leaves(count):
    return [Task(call, i) for i in range(count)]


def stencil(width, rows, extra=()):
    row = leaves(width)
    tasks = list(row)
    for _ in range(rows - 1):
        row = [Task(call, row[i - 1], row[i], row[(i + 1) % width], *extra) for i in range(width)]
        tasks += row
    return tasks


def tree(count):
    row = leaves(count)
    tasks = list(row)
    while len(row) > 1:
        row = [Task(call, a, b) for a, b in zip(row[::2], row[1::2], strict=False)]
        tasks += row
    return tasks


def test_tasks_that_need_none_all_run_at_the_same_time():
    assert abreast(leaves(1000)) == 1000
    assert abreast([]) == 0


@pytest.mark.parametrize("extra", [(), (Task(call, "setup"),)], ids=["rows alone", "with one task that all need"])
def test_of_rows_that_need_each_other_about_one_runs_at_a_time(extra):
    assert 40 <= abreast(stencil(50, 60, extra)) <= 60


def test_a_chain_runs_one_by_one():
    assert abreast(stencil(1, 500)) == 1


def test_a_tail_of_few_steps_or_a_tree_is_no_reason_to_keep_tasks_together():
    assert abreast([*leaves(2000), *stencil(1, 300)]) > 2000
    assert abreast(tree(1024)) > 500


@pytest.mark.parametrize(
    ("tasks", "at_a_time", "shards"),
    [(10_100, 100, 4), (10_100, 10_100, 32), (40_400, 200, 8), (1_000_000, 1000, 128), (100_000, 1, 16), (300, 3, 1)],
)
def test_shards_are_as_many_as_one_level_fills_and_never_overfull(tasks, at_a_time, shards):
    assert Layout(bits_for(as_many_apart(tasks, at_a_time))).shards == shards
    assert at_a_time / shards > ABREAST_A_SHARD / 2 or tasks / shards > 3000 or shards == 1 or at_a_time == tasks
