"""How long a worker may go on."""

from __future__ import annotations

MARGIN = 30.0  # [s] kept back for flushing results and releasing claims
LEAST = MARGIN + 15.0  # [s] below which a worker has no time left for a task once it has started


def seconds_left(deadline: float | None, now: float, margin: float = MARGIN) -> float:
    """Return how long a task may still run [s], never negative; without a deadline, infinity.

    Args:
        deadline: When the scheduler ends this element [s, same clock as `now`].
        margin: Kept back for flushing results and releasing claims [s].
    Source: schedulers look at the limit every 30 s, send SIGTERM, and SIGKILL 10 s or 30 s later.
    """
    return float("inf") if deadline is None else max(0.0, deadline - now - margin)
