"""The files in which lives keep what they measured: rewritten in place, as records are, and never shorter."""

from __future__ import annotations

from jughpc.fs import Files

MEASURES = "measures"


class Measuring:
    """Keeps what lives measured."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._sizes: dict[str, int] = {}  # of what this process keeps

    def keep(self, life: str, data: bytes) -> None:
        """Keep `data`, which ends in a newline, in place of what this process kept for `life` before."""
        path, before = f"{MEASURES}/{life}", self._sizes.get(life)
        if before is not None:
            try:
                self._files.rewrite(path, data.ljust(before))
            except FileNotFoundError:  # somebody took it away
                before = None
        if before is None:
            self._files.save(path, [data])
        self._sizes[life] = max(len(data), before or 0)

    def read(self, life: str, limit: int) -> bytes:
        """Return what is kept for `life`, b"" if nothing is."""
        try:
            return self._files.read(f"{MEASURES}/{life}", limit)
        except FileNotFoundError:
            return b""
