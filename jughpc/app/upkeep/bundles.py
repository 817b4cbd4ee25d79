"""Remove environments that were packed for nodes, once no submission that goes on unpacks them."""

from __future__ import annotations

import re
from pathlib import Path

from jughpc.batch import submissions
from jughpc.batch.bundle import FOLDER
from jughpc.fs import Files

_OURS = re.compile(r"([0-9a-f]{16})\.(tar\.gz|sum|[0-9a-f]{8}\.tmp)")


def tidy_bundles(files: Files, jugdir: Path, spared: str = "") -> int:
    """Remove what was packed and is needed no more; return how many environments that were.

    What a `submit` that was killed had begun goes, too; one that packs at this very moment begins again.

    Args:
        spared: The key of one that is about to be needed.
    """
    names = [found for name in files.names(FOLDER) if (found := _OURS.fullmatch(name))]  # before the records are read
    needed = _needed(files, jugdir) if names else set()
    unneeded = [name for name in names if needed is not None and name[1] not in {*needed, spared}]
    for name in unneeded:
        files.remove(f"{FOLDER}/{name[0]}")
    return sum(name[2] == "tar.gz" for name in unneeded)


def _needed(files: Files, jugdir: Path) -> set[str] | None:
    """Return the keys of those that submissions may still unpack, None if that cannot be known of one."""
    live = [one for one in submissions.every(files, jugdir) if not submissions.is_over(files, one)]
    if any(one.damage for one in live):
        return None
    return {one.options.stage.key for one in live if one.options.stage}
