"""Why an element waits, or ended as it did: one set of causes for all systems, with words and advice for people."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile


class Cause(enum.Enum):
    """What is behind a state, whatever the system calls it."""

    TURN = "waits for its turn"
    DEPENDENCY = "waits for other jobs"
    NEVER = "waits for what can never be"
    THROTTLE = "waits for others of its array"
    LIMIT = "waits for a limit on running jobs"
    NODES = "waits for nodes"
    REQUEST = "asks for what it cannot have"
    HELD = "is held"
    LAUNCH = "could not be started"
    REQUEUED = "was put back into the queue"
    TIME_LIMIT = "met its time limit"
    OUT_OF_MEMORY = "ran out of memory"
    NODE_FAIL = "lost its node"
    PREEMPTED = "was preempted"
    USER = "was ended by somebody"
    ORPHANED = "has nobody who supervises it"
    SETUP = "failed before its work began"


@dataclass(frozen=True)
class Why:
    """Why an element stands as it does, for people.

    Attributes:
        words: What follows the element's name in a sentence.
        advice: What to do about it, "" if nothing is to be done.
    """

    cause: Cause
    words: str
    advice: str = ""


@dataclass(frozen=True)
class Entry:
    """What one of a system's own words means: a row of its table.

    Attributes:
        pattern: The words, a regular expression that matches all of them.
        words, advice: As of `Why`, with `{name}` for what is known of the job.
    """

    pattern: str
    cause: Cause
    words: str = ""
    advice: str = ""


def why(table: Sequence[Entry], reason: str, known: Mapping[str, str]) -> Why | None:
    """Return what `reason` means by `table`, None if it is not in there.

    Args:
        known: What the entries' texts may name.
    """
    for entry in table:
        if re.fullmatch(entry.pattern, reason, re.DOTALL):
            words = entry.words or entry.cause.value
            return Why(entry.cause, words.format_map(known), entry.advice.format_map(known))
    return None


@dataclass(frozen=True)
class LastWords:
    """What a system writes into the log of what it ends.

    Attributes:
        begin: How its own lines begin, a regular expression.
        table: What they mean, as far as they tell of a cause.
    """

    begin: str
    table: Sequence[Entry]

    def why(self, lines: Sequence[str]) -> Why | None:
        """Return what the last of `lines` mean: what stands before another's line was of an earlier run."""
        own = takewhile(re.compile(self.begin).match, reversed(lines))
        return next((found for line in own if (found := why(self.table, line, {}))), None)
