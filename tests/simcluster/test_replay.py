"""A seed is all that it takes to see a history again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jughpc.testing.cluster import replay
from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.parts import Parts
from jughpc.testing.cluster.plan import THEMES, draw
from jughpc.testing.variants import find_variant

VARIANT = f"{Path(__file__).with_name('variants.py')}:the reduce waits for any end"


def trace(seed):
    """Return what happens, without what processes draw to name temporary files apart."""
    lines = []
    play(draw(seed), trace=lambda words: lines.append(re.sub(r"-[0-9a-f]{8}\.tmp", ".tmp", words)))
    return lines


@pytest.mark.parametrize("seed", range(2 * len(THEMES)))
def test_a_seed_repeats_its_history_call_by_call(seed):
    assert trace(seed) == trace(seed)


def test_every_theme_is_played_on_both_systems():
    played = {(draw(seed).theme, draw(seed).system) for seed in range(2 * len(THEMES))}
    assert played == {(theme.name, system) for theme in THEMES for system in ("slurm", "pbs")}


def test_a_history_that_breaks_no_rule_ends_with_0(capsys):
    assert replay.main(["0", "--quiet"]) == 0
    assert "COMPLETED" in capsys.readouterr().out


def test_a_history_that_breaks_a_rule_ends_with_1_and_says_which(capsys):
    how, variant = "a reduce starts before all is done", find_variant(VARIANT, Parts())
    seed = next(seed for seed in range(2000) if how in {blame.kind for blame in play(draw(seed), variant).blames})
    assert replay.main([str(seed), "--variant", VARIANT]) == 1
    assert f"\nrule 3, {how}: t=" in capsys.readouterr().out


def test_an_unknown_variant_is_an_error_that_lists_what_there_is():
    with pytest.raises(SystemExit, match="'the reduce waits for any end'"):
        replay.main(["1", "--variant", VARIANT.replace("any end", "nobody")])
