"""A rule that a history broke."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Blame:
    """One rule that was broken.

    Attributes:
        rule: Which of the five.
        kind: In what way, always in the same words.
        words: What happened, with the time.
    """

    rule: int
    kind: str
    words: str

    def __str__(self) -> str:
        return f"rule {self.rule}, {self.kind}: {self.words}"
