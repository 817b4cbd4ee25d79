"""What lies near to something that is packed, and may be looked for from there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_PROJECT = frozenset({"pyproject.toml", "setup.py", "setup.cfg", ".git"})  # one of these lies where a project begins
_DEEPEST = 3  # folders, of which that is one, that the sources of a project lie in


def up_from(folder: Path, prefixes: Sequence[Path], least: int) -> Sequence[Path]:
    """Return a folder and those above it, up to where its environment or project begins.

    Args:
        least: How many if it is of none.
    """
    above = (folder, *folder.parents)
    ends = [one in prefixes or (n < _DEEPEST and _is_project(one)) for n, one in enumerate(above)]
    return above[: ends.index(True) + 1 if any(ends) else least]


def names(path: str | Path) -> list[str]:
    """Return what is in a folder; what cannot be listed here cannot be imported there."""
    with suppress(OSError):
        return os.listdir(path)
    return []


def _is_project(folder: Path) -> bool:
    return not _PROJECT.isdisjoint(names(folder))
