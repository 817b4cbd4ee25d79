"""No history of the simulated cluster breaks a rule; `pytest tests/simcluster --seeds N` plays N of them."""

from __future__ import annotations

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import draw, in_classes

BATCH = 100


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        metafunc.parametrize("first", range(0, metafunc.config.getoption("seeds"), BATCH))


def test_no_history_breaks_a_rule(first):
    for seed in range(first, first + BATCH):
        found = [str(blame) for blame in play(draw(seed)).blames]
        assert not found, f"replay it: python -m jughpc.testing.cluster.replay {seed}\n" + "\n".join(found)


RUN_OUT = (58, 68, 126, 194)  # where tasks ran out of memory, and are given more
IN_CLASSES = (*range(40), *RUN_OUT)


def test_no_history_of_tasks_of_two_classes_that_need_each_other_breaks_a_rule():
    for seed in IN_CLASSES:
        found = [str(blame) for blame in play(in_classes(draw(seed))).blames]
        assert not found, f"of seed {seed}, in classes:\n" + "\n".join(found)
