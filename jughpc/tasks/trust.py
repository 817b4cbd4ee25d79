"""Which values were read but perhaps not checked yet: a large array is handed out before its checksum is known."""

from __future__ import annotations

from typing import Any, Protocol

from jughpc.errors import CorruptResultError
from jughpc.tasks.digest.encoding import PLAIN
from jughpc.tasks.results import assure_in, results_of

_MOST = 10_000  # tasks of which it is remembered that they keep such a value


class Keeper(Protocol):
    """A task that keeps its value."""

    @property
    def digest(self) -> bytes:
        """Names its result."""

    def unload(self) -> None:
        """Let go of the value."""


class Trust:
    """Reads values, and has no task keep one that turns out to be damaged.

    Attributes:
        doubtful: The tasks whose values were read since all was last assured.
    """

    def __init__(self) -> None:
        self.doubtful: list[Keeper] = []

    def read(self, task: Keeper, store: Any) -> Any:
        """Return the result of `task`, which may keep it. Raises ResultMissingError, CorruptResultError."""
        try:
            value = results_of(store).get(task.digest)
        except CorruptResultError:  # perhaps of what was read before
            self._forget()
            raise
        if type(value) not in PLAIN:
            if len(self.doubtful) >= _MOST:
                self.assure(store)
            self.doubtful.append(task)
        return value

    def assure(self, store: Any) -> None:
        """Return once all that was read is known to be whole. Raises CorruptResultError if it is not."""
        try:
            assure_in(store)
        except CorruptResultError:
            self._forget()
            raise
        self.doubtful.clear()

    def _forget(self) -> None:
        for task in self.doubtful:
            task.unload()
        self.doubtful.clear()
