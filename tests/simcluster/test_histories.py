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
        seed: A history that shows it.
        note: What is wrong, and what would be right.
    """

    rule: int
    kind: str
    seed: int
    note: str

    def covers(self, blame: Blame) -> bool:
        """Return whether this is it."""
        return blame.rule == self.rule and re.fullmatch(self.kind, blame.kind) is not None


KNOWN: tuple[Known, ...] = (
    Known(3, "a reduce can never start", 22, "Slurm: after a collector that is killed it pends until somebody looks"),
)


def pytest_generate_tests(metafunc):
    if "first" in metafunc.fixturenames:
        metafunc.parametrize("first", range(0, metafunc.config.getoption("seeds"), BATCH))


def test_no_history_breaks_a_rule(first):
    for seed in range(first, first + BATCH):
        new = [str(blame) for blame in play(draw(seed)).blames if not any(known.covers(blame) for known in KNOWN)]
        assert not new, f"replay it: python -m jughpc.testing.cluster.replay {seed}\n" + "\n".join(new)


@pytest.mark.parametrize("known", KNOWN, ids=[f"{known.rule} {known.note}" for known in KNOWN])
@pytest.mark.xfail(strict=True, reason="known, and not mended yet; take it out of KNOWN when it is")
def test_a_known_fault_is_mended(known):
    assert not [blame for blame in play(draw(known.seed)).blames if known.covers(blame)]
