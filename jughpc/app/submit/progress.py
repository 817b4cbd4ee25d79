"""How far the work has come, as one job tells the next: it decides whether another array is of any use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jughpc.app.status.tasks import FAILED, Standing
from jughpc.errors import UsageError

_WRITTEN = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True)
class Progress:
    """How far the work has come.

    Attributes:
        finished: Tasks that are done or failed.
        deaths: Of workers, each a task's: there are no more than so many of them a task.
    """

    finished: int
    deaths: int = 0

    @classmethod
    def of(cls, standing: Standing) -> Progress:
        """Return how far the work has come as `standing` shows it."""
        return cls(len(standing.manifest) - standing.unfinished + standing.count(FAILED), standing.deaths)

    @classmethod
    def read(cls, text: str) -> Progress:
        """Return what `str` wrote. Raises UsageError."""
        if not (match := _WRITTEN.fullmatch(text)):
            raise UsageError(f"{text!r} is no progress: as many tasks, a point, as many deaths.")
        return cls(int(match[1]), int(match[2]))

    def is_beyond(self, other: Progress) -> bool:
        """Return whether anything was brought since `other`."""
        return self.finished > other.finished or self.deaths > other.deaths

    def __str__(self) -> str:
        return f"{self.finished}.{self.deaths}"
