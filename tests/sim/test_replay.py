"""A seed is all that it takes to see a history again."""

from __future__ import annotations

from pathlib import Path

import pytest

from jughpc.tasks import running
from jughpc.testing import replay
from jughpc.testing.history import play
from jughpc.testing.parts import Parts
from jughpc.testing.plan import THEMES, draw
from jughpc.testing.variants import find_variant

LOOKS_ONCE = f"{Path(__file__).with_name('variants.py')}:looks once"


def trace(seed):
    lines = []
    play(draw(seed), trace=lines.append)
    return lines


@pytest.mark.parametrize("seed", range(len(THEMES)))
def test_a_seed_repeats_its_history_call_by_call(seed):
    assert trace(seed) == trace(seed)


def test_a_history_that_breaks_no_rule_ends_with_0(capsys):
    assert replay.main(["1", "--quiet"]) == 0
    assert "runs: [" in capsys.readouterr().out


def test_a_history_that_breaks_a_rule_ends_with_1_and_says_which(capsys):
    seed = next(seed for seed in range(2000) if play(draw(seed), find_variant(LOOKS_ONCE, Parts())).broken)
    assert replay.main([str(seed), "--variant", LOOKS_ONCE]) == 1
    *calls, last = capsys.readouterr().out.splitlines()
    assert last.startswith("t=")
    assert any(" link shards/" in call for call in calls)


def test_an_unknown_variant_is_an_error_that_lists_what_there_is():
    with pytest.raises(SystemExit, match="'looks once'"):
        replay.main(["1", "--variant", LOOKS_ONCE.replace("once", "twice")])


@pytest.mark.parametrize("seed", range(len(THEMES)))
def test_a_history_leaves_nothing_behind_of_workers_that_were_killed(seed):
    play(draw(seed))
    assert (running.aid, running.task) == (None, None)
