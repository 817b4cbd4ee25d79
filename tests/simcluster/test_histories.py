"""No history of the simulated cluster breaks a rule; `pytest tests/simcluster --seeds N` plays N of them."""

from __future__ import annotations

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import draw

BATCH = 100


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        metafunc.parametrize("first", range(0, metafunc.config.getoption("seeds"), BATCH))


def test_no_history_breaks_a_rule(first):
    for seed in range(first, first + BATCH):
        found = [str(blame) for blame in play(draw(seed)).blames]
        assert not found, f"replay it: python -m jughpc.testing.cluster.replay {seed}\n" + "\n".join(found)
