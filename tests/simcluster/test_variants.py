"""Broken variants of the batch layer: each is caught, so the simulated cluster would catch it in what ships, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from known import KNOWN

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import draw
from jughpc.testing.cluster.replay import load_variants

VARIANTS = load_variants(str(Path(__file__).with_name("variants.py")))
SEEDS = 2000  # as many as test_histories plays of what ships in CI


def kinds(seed, parts=None):
    return {(blame.rule, blame.kind) for blame in play(draw(seed), parts).blames}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_broken_variant_is_caught(name):
    caught = (seed for seed in range(SEEDS) if (found := kinds(seed, VARIANTS[name])) and found - kinds(seed))
    assert next(caught, None) is not None, f"{name} breaks no rule that what ships does not; {len(KNOWN)} are known"
