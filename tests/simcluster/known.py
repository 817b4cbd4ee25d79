"""What is known to be wrong with the batch layer as it is: each with a seed that shows it.

An entry excuses its kind in all histories, and is expected to fail: once it is mended, `test_known` says so, and the
entry goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jughpc.testing.cluster.referee import Blame


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


_LOST = "(not found by status|lives on after cancel|goes on after its cancel), "

KNOWN = (
    Known(2, f"{_LOST}its submit died of KILL", 986, "killed between the answer and the record: the job is nobody's"),
    Known(2, f"{_LOST}its submit died of (TERM|HUP)", 700, "ended by TERM or HUP there: nothing is taken back"),
    Known(
        2,
        f"{_LOST}(taken up late, )?its submit was interrupted",
        1582,
        "^C right after the answer: what was just queued is not taken back",
    ),
    Known(
        2,
        f"{_LOST}taken up late, its submit died of \\w+",
        648,
        "queued after the submitter's death: nobody looks for it",
    ),
    Known(
        2,
        f"{_LOST}(taken up late, )?its submit gave up in doubt",
        389,
        "in doubt at the end of its patience: no later command looks",
    ),
    Known(
        2, f"{_LOST}(taken up late, )?its collect \\w.*", 2157, "the collector died between the answer and the record"
    ),
    Known(
        2,
        "a stranger's job was cancelled",
        272,
        "an id is believed without its name: it is somebody's other job by now",
    ),
    Known(
        3,
        "a (reduce|collect) can never start",
        14,
        "Slurm: after a collector that ends badly the reduce pends for ever",
    ),
    Known(
        3, "all is done and never reduced, the collector ended with code 1", 502, "the collector ended by a traceback"
    ),
    Known(
        3,
        "all is done and never reduced, the collector was deleted unrun",
        1201,
        "PBS without history: deleted, as its array had ended",
    ),
    Known(
        3,
        "all is done and never reduced, the collector ended with code 0",
        1713,
        "PBS without history: the reduce came too late, and is deleted",
    ),
    Known(
        3,
        "all is done and never reduced, the collector's node is broken",
        1028,
        "setup fails on the collector's node, and that was all",
    ),
    Known(
        3,
        "a reduce starts before all is done",
        13648,
        "Slurm: afterok of a collector that is forgotten holds nothing back",
    ),
    Known(3, "reduced more than once", 655, "PBS: a look-up that does not see what has ended queues it again"),
    Known(
        4,
        "\\w+ is shown as cancelled",
        151,
        "PBS without history: what ended has no record, and is taken for never run",
    ),
    Known(4, "a stranger's job is shown as ours", 76, "an id is believed without its name"),
    Known(4, "(collect|status|submit) ends by a traceback", 528, "a row of another shape is unpacked unseen"),
    Known(
        5,
        "tasks are left, the collector ended with code 3",
        177,
        "tasks that kill workers use up the rounds, progress or not",
    ),
    Known(5, "tasks are left, the collector ended with code 1", 0, "the collector ended by a traceback"),
    Known(5, "tasks are left, the collector met its time limit", 281, "the collector has the workers' time limit"),
    Known(
        5,
        "tasks are left, the collector was deleted unrun",
        2979,
        "PBS without history: deleted, as its array had ended",
    ),
    Known(
        5, "tasks are left, the collector's node is broken", 14, "setup fails on the collector's node, and that was all"
    ),
)
