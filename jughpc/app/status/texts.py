"""Texts of logs, which may be larger than what fits into memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

_BLOCK = 1 << 16  # [bytes] read at once
MOST = 1 << 24
"""Bytes that are looked through for the last lines of a text."""


@dataclass(frozen=True)
class Text:
    """What is to be shown of a log.

    Attributes:
        start, end: Which bytes.
        worker: Whose lines alone, 0 for all.
    """

    path: Path
    start: int
    end: int
    worker: int = 0

    def lines(self) -> Iterator[bytes]:
        """Yield its lines, each with its line break."""
        skipped = len(self._mark)
        return (line[skipped:] for _, line in self._own())

    def recent(self, most: int) -> Text:
        """Return the same, from the first line on that begins in its last `most` bytes; all of these if none does."""
        if self.end - self.start <= most:
            return self
        with self.path.open("rb") as file:
            start = file.seek(self.end - most)
            begun = file.readline(most)
            return replace(self, start=start + (len(begun) if len(begun) < most else 0))

    def since(self, count: int) -> Text:
        """Return the same with its last lines only, as many as are in MOST bytes."""
        size = _BLOCK
        while True:
            places = [place for place, _ in self.recent(size)._own()]
            if len(places) >= count or size >= min(MOST, self.end - self.start):
                return replace(self, start=places[-min(count, len(places))] if count and places else self.end)
            size *= 4

    @property
    def _mark(self) -> bytes:
        return b"[%d] " % self.worker if self.worker else b""

    def _own(self) -> Iterator[tuple[int, bytes]]:
        """Yield where each line of the worker's begins, and the line as it stands there."""
        mark, place = self._mark, self.start
        with self.path.open("rb") as file:
            file.seek(place)
            while line := file.readline(min(self.end - place, _BLOCK)):
                if line.startswith(mark):
                    yield place, line
                place += len(line)


def whole(path: Path) -> Text:
    """Return all of a log, as long as it is by now."""
    return Text(path, 0, size(path))


def size(path: Path) -> int:
    """Return how long a log is by now [bytes], 0 if it is gone."""
    try:
        with path.open("rb") as file:
            return file.seek(0, 2)
    except FileNotFoundError:
        return 0
