"""No history of the simulated cluster breaks a rule; `pytest tests/simcluster --seeds N` plays N of them."""

from __future__ import annotations

from dataclasses import replace

from jughpc.testing.cluster.federated import federated
from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import Mishap, draw, in_classes

BATCH = 100


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        metafunc.parametrize("first", range(0, metafunc.config.getoption("seeds"), BATCH))


def test_no_history_breaks_a_rule(first):
    for seed in range(first, first + BATCH):
        found = [str(blame) for blame in play(draw(seed)).blames]
        assert not found, f"replay it: python -m jughpc.testing.cluster.replay {seed}\n" + "\n".join(found)


IN_CLASSES = range(40)
RUN_OUT = range(20)
FEDERATED = range(60)


def test_no_history_of_tasks_of_two_classes_that_need_each_other_breaks_a_rule():
    for seed in IN_CLASSES:
        found = [str(blame) for blame in play(in_classes(draw(seed))).blames]
        assert not found, f"of seed {seed}, in classes:\n" + "\n".join(found)


def test_no_history_with_elements_on_a_second_system_breaks_a_rule():
    for seed in FEDERATED:
        found = [str(blame) for blame in play(federated(draw(seed))).blames]
        assert not found, f"of seed {seed}, federated:\n" + "\n".join(found)


def test_no_history_of_tasks_that_run_out_of_memory_and_get_more_breaks_a_rule():
    told = 0
    for seed in RUN_OUT:
        plan = in_classes(draw(seed))
        mishaps, said = (Mishap("memory", 15), Mishap("memory", 30)), list[str]()  # a third may end a task for good
        plan = replace(plan, order=replace(plan.order, mem_retry=2.0), mishaps=mishaps)
        found = [str(blame) for blame in play(plan, trace=said.append).blames]
        assert not found, f"of seed {seed}, out of memory:\n" + "\n".join(found)
        told += any("they get mem=" in line for line in said)
    assert told, "none of them had tasks that got more"
