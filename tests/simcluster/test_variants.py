"""Broken variants of the batch layer: each is caught, so the simulated cluster would catch it in what ships, too."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import draw

FILES = [runpy.run_path(str(Path(__file__).with_name(name))) for name in ("variants.py", "settling_variants.py")]
VARIANTS = {name: parts for file in FILES for name, parts in file["VARIANTS"].items()}
CAUGHT = {name: how for file in FILES for name, how in file["CAUGHT"].items()}
SEEDS = 2000  # as many as test_histories plays of what ships in CI


def kinds(seed, parts=None):
    return {f"{blame.rule} {blame.kind}" for blame in play(draw(seed), parts).blames}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_broken_variant_is_caught(name):
    caught = re.compile(CAUGHT[name])
    for seed in range(SEEDS):
        found = {kind for kind in kinds(seed, VARIANTS[name]) if caught.fullmatch(kind)}
        if found and found - kinds(seed):
            return
    pytest.fail(f"{name} breaks no rule that what ships does not break as well")
