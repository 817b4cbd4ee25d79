"""Listings of a shared folder's folders: as the server has them now, whatever this client remembers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jughpc.inode import forget

_TICK = 0.1  # [s] longer than a tick of any server's clock, by which two changes may have one stamp
_AT_ONCE = 32  # names that every system lists in one moment: a server of NFS reads a folder by pages of 4 KiB
_MOVING = 4  # times that a folder is listed which changes all the time


@dataclass
class _Stamp:
    """What a folder's stamp was when it was last listed.

    Attributes:
        changed: The server's stamp of its last change [ns].
        seen: When this stamp was first seen [s].
        settled: Whether it was listed so long after that no further change can have the same stamp.
    """

    changed: int
    seen: float
    settled: bool = False


class Listings:
    """The folders in one directory, local or NFS, as one process lists them again and again."""

    def __init__(self, root: Path) -> None:
        self._prefix = f"{root}/"
        self._stamps: dict[str, _Stamp] = {}

    def names(self, folder: str) -> list[str]:
        """Return the names in `folder` as the server has them now, in no order; [] if it is absent."""
        try:
            return self._list(folder)
        except FileNotFoundError:
            return self._list_new(folder)

    def _list(self, folder: str) -> list[str]:
        handle = os.open(self._prefix + folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return at_one_moment(
                lambda stamp: self._list_open(folder, handle, stamp), lambda: os.fstat(handle).st_mtime_ns
            )
        finally:
            os.close(handle)

    def _list_open(self, folder: str, handle: int, changed: int) -> list[str]:
        if self._may_be_cached_too_early(folder, changed):
            forget(handle)
        return os.listdir(handle)

    def _may_be_cached_too_early(self, folder: str, changed: int) -> bool:
        """Return whether `folder`, whose stamp is `changed`, may have changed after this client cached its listing.

        An NFS 3 client knows a change by the stamp alone, and the server's clock ticks every 1 to 10 ms: of two
        changes in one tick it sees one, for ever (tests/nfs).
        """
        now, stamp = time.monotonic(), self._stamps.get(folder)
        if stamp is None or stamp.changed != changed:
            stamp = self._stamps[folder] = _Stamp(changed, now)
        elif stamp.settled:
            return False
        stamp.settled = now - stamp.seen > _TICK
        return True

    def _list_new(self, folder: str) -> list[str]:
        """List a folder that seems absent: NFS says so for 30 s more, unless those above were opened."""
        with suppress(FileNotFoundError):
            if self._may_be_there(folder):
                return self._list(folder)
        return []

    def _may_be_there(self, folder: str) -> bool:
        """Open the folder above, by which names in it are looked up anew. Raises FileNotFoundError."""
        above, _, name = folder.rpartition("/")
        if not above:  # few names lie there; one that an NFS 3 client took for absent in the same tick is found so
            return name in self._list(above)
        try:
            os.close(os.open(self._prefix + above, os.O_RDONLY | os.O_DIRECTORY))
        except FileNotFoundError:
            if not self._may_be_there(above):
                return False
            os.close(os.open(self._prefix + above, os.O_RDONLY | os.O_DIRECTORY))
        return True


def at_one_moment(names: Callable[[int], list[str]], changed: Callable[[], int]) -> list[str]:
    """Return a folder's names as they were at one moment: what is moved meanwhile is there under one of its names.

    A folder of many names is read piece by piece, and both names of what is moved may lie in the wrong pieces.

    Args:
        names: Reads the folder, whose last change was at this stamp.
        changed: Returns the stamp of the folder's last change.
    """
    for _ in range(_MOVING):
        stamp = changed()
        found = names(stamp)
        if len(found) <= _AT_ONCE or changed() == stamp:
            break
    return found
