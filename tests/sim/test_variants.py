"""Broken variants of the protocol: each is caught, so the simulator would catch it in the real code too."""

from __future__ import annotations

from pathlib import Path

import pytest

from jughpc.testing.history import play
from jughpc.testing.plan import draw
from jughpc.testing.variants import load_variants

VARIANTS = load_variants(str(Path(__file__).with_name("variants.py")))
SEEDS = 2000  # as many as test_histories plays of the real code in CI


@pytest.mark.parametrize("name", VARIANTS)
def test_a_broken_variant_is_caught(name):
    assert any(play(draw(seed), VARIANTS[name]).broken for seed in range(SEEDS))
