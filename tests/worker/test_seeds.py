"""Which generators of random numbers are seeded anew in a forked worker."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from jughpc.tasks.task import Task
from jughpc.worker.seeds import generators


class Holder:
    def __init__(self, held: object) -> None:
        self.held = held

    def draw(self) -> float:
        return self.held.random()


def _closed_over(rng):
    def draw(i):
        return rng.random() + i

    return draw


WAYS = {
    "alone": lambda rng: Task(len, rng),
    "by name": lambda rng: Task(len, obj=rng),
    "nested": lambda rng: Task(len, [{"a": (rng,)}]),
    "in an object": lambda rng: Task(len, Holder(rng)),
    "by a method": lambda rng: Task(Holder(rng).draw),
    "by a closure": lambda rng: Task(_closed_over(rng), 1),
    "by a closure that is given": lambda rng: Task(map, _closed_over(rng), ()),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [Random, np.random.RandomState, lambda seed: np.random.default_rng(seed)])
def test_a_generator_that_a_task_is_given_keeps_its_seed_and_others_do_not(way, kind):
    given, other = kind(1), kind(1)
    found = {id(one) for one in generators([WAYS[way](given)])}
    assert (_source(given) in found, _source(other) in found) == (False, True)


def _source(generator: object) -> int:
    return id(getattr(generator, "bit_generator", generator))
