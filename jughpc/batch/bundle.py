"""What is unpacked on a node before Python starts there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = "bundles"
"""Where bundles lie in a jugdir."""


@dataclass(frozen=True)
class Bundle:
    """A compressed tar of what an interpreter imports from, each file by its whole path below the root.

    Attributes:
        tar: Where it lies (absolute).
        digest: SHA-256 of all of it, "" as long as it is not packed.
        packed: Its size [bytes].
        room: What it takes once it is unpacked [bytes].
        files: How many there are in it.
    """

    tar: Path
    digest: str
    packed: int
    room: int
    files: int

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return self.tar.name.partition(".")[0]

    @property
    def kibibytes(self) -> int:
        """What it takes in the unit of a shell's sums."""
        return -(-self.room // 1024)
