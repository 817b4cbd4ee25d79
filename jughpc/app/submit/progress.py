"""How far the work has come, as one job tells the next: it decides whether another array is of any use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jughpc.app.status.tasks import FAILED, Standing
from jughpc.errors import UsageError
from jughpc.store.base import Store
from jughpc.store.record import TIME

_WRITTEN = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class Progress:
    """How far the work has come.

    Attributes:
        finished: Tasks that are done or failed.
        deaths: Of workers, each a task's: there are no more than so many of them a task. At time limits they count only
            where nothing is left but tasks that met them: elsewhere a longer time is what helps, not another array.
        saved: When a task last saved what it has, to go on from it [ns by the file server's clock], 0 for never.
    """

    finished: int
    deaths: int = 0
    saved: int = 0

    @classmethod
    def of(cls, standing: Standing, store: Store | None) -> Progress:
        """Return how far the work has come as `standing` shows it, and the deaths that were written down in `store`."""
        finished = len(standing.manifest) - standing.unfinished + standing.count(FAILED)
        deaths = [death for digest in standing.suspects if store for death in store.deaths(digest)]
        if not standing.has_only_suspects():
            deaths = [death for death in deaths if death.how != TIME]
        return cls(finished, len(deaths), store.checkpoints.latest() if store and store.checkpoints else 0)

    @classmethod
    def read(cls, text: str) -> Progress:
        """Return what `str` wrote. Raises UsageError."""
        if not (match := _WRITTEN.fullmatch(text)):
            raise UsageError(f"{text!r} is no progress: as many tasks, a point, as many deaths.")
        return cls(int(match[1]), int(match[2]), int(match[3] or 0))

    def is_beyond(self, other: Progress) -> bool:
        """Return whether anything was brought since `other`."""
        return self.finished > other.finished or self.deaths > other.deaths or self.saved > other.saved

    def __str__(self) -> str:
        return f"{self.finished}.{self.deaths}" + (f".{self.saved}" if self.saved else "")
