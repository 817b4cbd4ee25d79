"""How long a worker may go on."""

from __future__ import annotations

MARGIN = 30.0  # [s] kept back for flushing results and releasing claims


def seconds_left(deadline: float | None, now: float, margin: float = MARGIN) -> float:
    """Return how long a task may still run [s], never negative; without a deadline, infinity.

    Args:
        deadline: When the scheduler ends this element [s, same clock as `now`].
        margin: Kept back for flushing results and releasing claims [s].
    Source: Slurm sends SIGTERM at the limit, checked every 30 s, and SIGKILL after KillWait (30 s).
    """
    return float("inf") if deadline is None else max(0.0, deadline - now - margin)
