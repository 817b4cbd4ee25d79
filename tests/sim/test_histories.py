"""Histories of the simulated world: no rule is broken, whatever the seed; `pytest tests/sim --seeds N` plays N."""

from __future__ import annotations

from jughpc.testing.history import play
from jughpc.testing.parts import Parts
from jughpc.testing.plan import draw

BATCH = 100


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        metafunc.parametrize("first", range(0, metafunc.config.getoption("seeds"), BATCH))


def test_no_history_breaks_a_rule(first):
    for seed in range(first, first + BATCH):
        broken = play(draw(seed), Parts()).broken
        assert not broken, f"replay it: python -m jughpc.testing.replay {seed}\n" + "\n".join(broken)
