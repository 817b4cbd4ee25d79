"""The code that a simulated world plays: the real one, but for what a test breaks on purpose."""

from __future__ import annotations

from dataclasses import dataclass

from jughpc.store.filestore import FileStore
from jughpc.store.heart import Heart
from jughpc.testing.hosts import SimLives
from jughpc.testing.miniworker import MiniWorker
from jughpc.testing.realworker import RealWorker


@dataclass(frozen=True)
class Parts:
    """Which classes are played."""

    store: type[FileStore] = FileStore
    heart: type[Heart] = Heart
    lives: type[SimLives] = SimLives
    mini: type[MiniWorker] = MiniWorker
    real: type[RealWorker] = RealWorker
