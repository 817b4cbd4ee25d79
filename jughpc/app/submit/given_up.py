"""Tasks that killed so many workers that no further one is to try them: no element is queued for these."""

from __future__ import annotations

from collections.abc import Set

from jughpc.app.status.tasks import FAILED, WAITING, Standing
from jughpc.errors import UsageError
from jughpc.store.base import Store


def given_up(standing: Standing, store: Store | None, max_crashes: int) -> Set[bytes]:
    """Return the tasks that failed for `max_crashes` deaths, and stay so until a user has these forgotten."""
    if store is None:
        return frozenset()
    suspects = set(standing.suspects)
    failed = (digest for digest in standing.failed() if digest in suspects)
    return frozenset(digest for digest in failed if len(store.deaths(digest)) >= max_crashes)


def runnable(standing: Standing, hopeless: Set[bytes]) -> int:
    """Return how many tasks can be run at most, but for those given up and what waits for nothing else that failed.

    Raises UsageError if that is none, and nothing may follow behind a barrier.
    """
    waiting = standing.count(WAITING) if hopeless and standing.count(FAILED) == len(hopeless) else 0
    left = standing.unfinished - len(hopeless) - waiting
    if hopeless and not left and not standing.manifest.barrier:
        raise UsageError(
            f"all that is left is given up, for it killed too many workers ({len(hopeless)} of the tasks), or waits "
            "for that. `jughpc failures` tells how they died; once that is mended, `jughpc failures --retry-failed` "
            "lets it run again."
        )
    return left
