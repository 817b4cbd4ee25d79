"""What an examination found: a line each, with what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verdict(enum.Enum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"  # jughpc works here, but somebody should know
    FAILURE = "failure"  # a promise that jughpc relies on is not kept


@dataclass(frozen=True)
class Finding:
    """One line of an examination.

    Attributes:
        topic: What was looked at, in two or three words.
        fact: What was found.
        advice: What to do, "" if nothing need be done.
    """

    topic: str
    verdict: Verdict
    fact: str
    advice: str = ""


def fine(topic: str, fact: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(topic, Verdict.OK, fact)


def warning(topic: str, fact: str, advice: str) -> Finding:
    """Return a finding that somebody should know of."""
    return Finding(topic, Verdict.WARNING, fact, advice)


def failure(topic: str, fact: str, advice: str) -> Finding:
    """Return a finding of a broken promise."""
    return Finding(topic, Verdict.FAILURE, fact, advice)
