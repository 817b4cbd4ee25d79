"""No history of the simulated cluster breaks a rule; `pytest tests/simcluster --seeds N` plays N of them."""

from __future__ import annotations

import pytest
from known import KNOWN

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import draw

BATCH = 100


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        metafunc.parametrize("first", range(0, metafunc.config.getoption("seeds"), BATCH))


def test_no_history_breaks_a_rule(first):
    for seed in range(first, first + BATCH):
        new = [str(blame) for blame in play(draw(seed)).blames if not any(known.covers(blame) for known in KNOWN)]
        assert not new, f"replay it: python -m jughpc.testing.cluster.replay {seed}\n" + "\n".join(new)


@pytest.mark.parametrize("known", KNOWN, ids=[known.note for known in KNOWN])
@pytest.mark.xfail(strict=True, reason="known, and not mended yet; take it out of KNOWN when it is")
def test_a_known_fault_is_mended(known):
    assert not [blame for blame in play(draw(known.seed)).blames if known.covers(blame)]
