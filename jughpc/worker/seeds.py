"""Random numbers in workers that were forked from one process: no two draw the same."""

from __future__ import annotations

import sys


def sow() -> None:
    """Seed anew what this process inherited and does not seed by itself: Python's own `random` does."""
    if numpy := sys.modules.get("numpy.random"):
        numpy.seed()
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "seed"):  # it may be only half imported
        torch.seed()
