"""Broken lines of the batch layer: each is caught, so the simulated cluster would catch it in what ships, too."""

from __future__ import annotations

import re
import runpy
from functools import cache
from pathlib import Path

import pytest

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import draw

FILE = runpy.run_path(str(Path(__file__).with_name("variants.py")))
VARIANTS, CAUGHT = FILE["VARIANTS"], FILE["CAUGHT"]
SEEDS = 2000  # as many as test_histories plays of what ships in CI


def kinds(seed, parts=None):
    return {f"{blame.rule} {blame.kind}" for blame in play(draw(seed), parts).blames}


@cache
def kinds_as_shipped(seed):
    return kinds(seed)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_broken_line_is_caught(name, record_property):
    caught = re.compile(CAUGHT[name])
    for seed in range(SEEDS):
        found = {kind for kind in kinds(seed, VARIANTS[name]) if caught.fullmatch(kind)}
        if found - (kinds_as_shipped(seed) if found else set()):
            record_property("seed", seed)
            return
    pytest.fail(f"{name} breaks no rule that what ships does not break as well")
