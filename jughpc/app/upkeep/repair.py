"""Make again what a half-deleted jugdir lost and can be told from the rest, and tell what else is gone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jughpc._version import __version__
from jughpc.app.context import kept
from jughpc.app.status.tasks import stand
from jughpc.errors import JugdirError
from jughpc.fs import Clock
from jughpc.store.base import Pace, Store
from jughpc.store.files.opening import repair_store
from jughpc.store.location import Folder


@dataclass(frozen=True)
class Repaired:
    """What was done, and what is left.

    Attributes:
        made: Whether the charter was made again.
        shards: How many there are.
        pace: At which workers beat.
        tasks: Of the largest manifest that is left, None if none is.
        done: How many of these have results.
        gone: How many results are gone of each shard whose mark promised them.
    """

    made: bool
    shards: int
    pace: Pace
    tasks: int | None
    done: int
    gone: dict[int, int]


def repair(folder: Path, pace: Pace, clock: Clock) -> Repaired:
    """Make the charter in `folder` again if it is lost or damaged, and take back what marks promise and is gone.

    Args:
        pace: For a charter that is made again, unless records of workers tell of a slower one.
    Raises:
        JugdirError: It is no jugdir, or nothing fits what is left of it.
    """
    location = Folder(folder)
    manifest = kept.of_any(location.files())
    made = repair_store(folder, len(manifest) if manifest else 1, __version__, pace, clock)
    store = _opened(location, clock)
    if manifest is None:
        return Repaired(made, store.shards, store.pace, None, 0, {})
    now = stand(manifest, store, {}, looks=None)
    return Repaired(made, store.shards, store.pace, len(manifest), len(manifest) - now.unfinished, dict(now.gone))


def _opened(location: Folder, clock: Clock) -> Store:
    if (store := location.find(clock)) is None:
        raise JugdirError(f"{location} was removed while it was being repaired.")
    return store
