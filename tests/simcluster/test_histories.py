"""No history of the simulated cluster breaks a rule; `pytest tests/simcluster --seeds N` plays N of them.

But for what is known to be wrong with the batch layer as it is: each with a seed that shows it. An entry excuses its
kind in all histories, and is expected to fail: once it is mended its test says so, and the entry goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from jughpc.testing.cluster.history import play
from jughpc.testing.cluster.plan import draw
from jughpc.testing.cluster.referee import Blame

BATCH = 100


@dataclass(frozen=True)
class Known:
    """A fault that is not mended yet.

    Attributes:
        rule: The rule that it breaks.
        kind: How the referee calls it, a regular expression.
        seed: A history that shows it, None where it takes more of them than CI plays.
        note: What is wrong, and what would be right.
    """

    rule: int
    kind: str
    seed: int | None
    note: str

    def covers(self, blame: Blame) -> bool:
        """Return whether this is it."""
        return blame.rule == self.rule and re.fullmatch(self.kind, blame.kind) is not None


_LAST = "all is done and never reduced, the collector"
_LEFT = "tasks are left, the collector"

KNOWN = (
    Known(
        3, "a reduce starts before all is done", None, "Slurm: afterok of a collector that is forgotten holds nothing"
    ),
    Known(3, f"{_LAST} met its time limit", None, "the collector has the workers' time limit"),
    Known(3, f"{_LAST} was deleted unrun", 1899, "PBS without history: its array had ended before it was queued"),
    Known(3, f"{_LAST} ended with code 0", 157, "PBS without history: the reduce came too late, and is deleted"),
    Known(3, f"{_LAST}'s node is broken", 317, "setup fails on the collector's node, and that was all"),
    Known(5, f"{_LEFT} ended with code 3", 707, "two arrays in a row bring nothing, for reasons that do not pass"),
    Known(5, f"{_LEFT} met its time limit", None, "the collector has the workers' time limit"),
    Known(5, f"{_LEFT} was deleted unrun", None, "PBS without history: its array had ended before it was queued"),
    Known(5, f"{_LEFT}'s node is broken", 166, "setup fails on the collector's node, and that was all"),
)
SHOWN = [known for known in KNOWN if known.seed is not None]


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        metafunc.parametrize("first", range(0, metafunc.config.getoption("seeds"), BATCH))


def test_no_history_breaks_a_rule(first):
    for seed in range(first, first + BATCH):
        new = [str(blame) for blame in play(draw(seed)).blames if not any(known.covers(blame) for known in KNOWN)]
        assert not new, f"replay it: python -m jughpc.testing.cluster.replay {seed}\n" + "\n".join(new)


@pytest.mark.parametrize("known", SHOWN, ids=[f"{known.rule} {known.note}" for known in SHOWN])
@pytest.mark.xfail(strict=True, reason="known, and not mended yet; take it out of KNOWN when it is")
def test_a_known_fault_is_mended(known):
    assert not [blame for blame in play(draw(known.seed)).blames if known.covers(blame)]
