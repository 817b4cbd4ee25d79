"""The one rule that binds settings to each other: when a worker that lives could look dead."""

from __future__ import annotations


def too_short(beat: float, lag: float, ttl: float) -> str:
    """Return in words why lives of this pace [s] would be taken for dead while they live, "" if they would not."""
    least = 2 * (beat + lag)
    if beat > 0 and lag >= 0 and ttl > least:
        return ""
    return (
        f"ttl={ttl:g} s is too short: it must exceed 2 * (beat + lag) = {least:g} s, with beat "
        "above 0, or workers that live would be taken for dead. Raise ttl, or lower beat or lag."
    )
