"""The code that a simulated world plays: the real one, but for what a test breaks on purpose."""

from __future__ import annotations

from dataclasses import dataclass

from jughpc.store.files.store import FileStore
from jughpc.store.lease.heartbeat import Heartbeat
from jughpc.testing.beating import SimBeats
from jughpc.testing.hosts import SimLease
from jughpc.testing.miniworker import MiniWorker
from jughpc.testing.realworker import RealWorker


@dataclass(frozen=True)
class Parts:
    """Which classes are played."""

    store: type[FileStore] = FileStore
    heartbeat: type[Heartbeat] = Heartbeat
    beats: type[SimBeats] = SimBeats
    lease: type[SimLease] = SimLease
    mini: type[MiniWorker] = MiniWorker
    real: type[RealWorker] = RealWorker
