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


_LOST = "(not found by status|lives on after cancel|goes on after its cancel), "
_LATE = f"{_LOST}taken up late, its submit "
_LAST = "all is done and never reduced, the collector"
_LEFT = "tasks are left, the collector"

KNOWN = (
    Known(2, f"{_LOST}its submit died of KILL", 92, "killed between the answer and the record: the job is nobody's"),
    Known(2, f"{_LOST}its submit died of (TERM|HUP)", 29, "ended there by TERM or HUP: nothing is taken back"),
    Known(2, f"{_LOST}its submit was interrupted", 86, "^C after the answer: what was just queued is not taken back"),
    Known(2, f"{_LOST}its submit crashed", None, "an error not thought of after the answer: the same"),
    Known(2, f"{_LATE}(died of \\w+|was interrupted|crashed)", 28, "taken up after the end of who asked: nobody looks"),
    Known(
        2, f"{_LOST}(taken up late, )?its submit gave up in doubt", 38, "in doubt at the end: no later command looks"
    ),
    Known(2, f"{_LOST}(taken up late, )?its collect .*", 9741, "the collector died between the answer and the record"),
    Known(2, "a stranger's job was cancelled", 44, "an id is believed without its name: it is another job's by now"),
    Known(3, "a reduce can never start", 4, "Slurm: after a collector that ends badly the reduce pends for ever"),
    Known(
        3, "a reduce starts before all is done", 2996, "Slurm: afterok of a collector that is forgotten holds nothing"
    ),
    Known(3, "reduced more than once", 1025, "PBS: a look-up that does not see what has ended queues it again"),
    Known(3, f"{_LAST} met its time limit", None, "the collector has the workers' time limit"),
    Known(3, f"{_LAST} was deleted unrun", 157, "PBS without history: its array had ended before it was queued"),
    Known(3, f"{_LAST} ended with code 0", 1854, "PBS without history: the reduce came too late, and is deleted"),
    Known(3, f"{_LAST}'s node is broken", 317, "setup fails on the collector's node, and that was all"),
    Known(
        4, "\\w+ is shown as cancelled", 83, "PBS without history: what ended has no record, and passes for never run"
    ),
    Known(4, "a stranger's job is shown as ours", 14, "an id is believed without its name"),
    Known(5, f"{_LEFT} ended with code 3", 53, "tasks that kill workers use up the rounds, whatever else gets done"),
    Known(5, f"{_LEFT} met its time limit", 707, "the collector has the workers' time limit"),
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
