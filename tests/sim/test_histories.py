"""Histories of the simulated world: no rule is broken, whatever the seed; `SIM_SEEDS` plays more of them."""

from __future__ import annotations

import os

import pytest

from jughpc.testing.history import play
from jughpc.testing.parts import Parts
from jughpc.testing.plan import draw

BATCH = 100
SEEDS = int(os.environ.get("SIM_SEEDS", "2000"))


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_no_history_breaks_a_rule(first):
    for seed in range(first, first + BATCH):
        broken = play(draw(seed), Parts()).broken
        assert not broken, f"replay it: python -m jughpc.testing.replay {seed}\n" + "\n".join(broken)
