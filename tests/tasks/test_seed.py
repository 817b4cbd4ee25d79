from __future__ import annotations

import pytest

import jughpc
from jughpc import Task


def seeded(*args):
    return jughpc.seed(), jughpc.seed(128)


def test_a_task_has_the_same_seed_at_each_run():
    assert Task(seeded, 1).run(save=False) == Task(seeded, 1).run(save=False)


def test_two_tasks_have_two_seeds():
    seeds = [Task(seeded, number).run(save=False) for number in range(100)]
    assert len({small for small, _ in seeds}) == len({large for _, large in seeds}) == 100


def test_a_seed_is_what_numpys_generators_take():
    small, large = Task(seeded, 1).run(save=False)
    assert 0 <= small < 1 << 32
    assert 1 << 64 < large < 1 << 128


def test_a_seed_is_that_of_the_task_that_runs_in_debugging_too():
    assert Task(seeded, 1).run(save=False, debug_mode=True) == Task(seeded, 1).run(save=False)


def test_there_is_no_seed_where_no_task_runs():
    with pytest.raises(RuntimeError, match="none does"):
        jughpc.seed()
