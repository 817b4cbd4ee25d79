"""What tasks ask of the place where their results lie."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from jughpc.errors import JugdirError


class Results(Protocol):
    """Where the results of tasks lie."""

    def get(self, digest: bytes) -> object:
        """Return the result. Raises ResultMissingError."""

    def missing(self, digests: Iterable[bytes]) -> set[bytes]:
        """Return those of `digests` that have no result now: one fresh look for all."""

    def put(self, digest: bytes, value: object) -> None:
        """Store a result. Raises UnstorableError."""

    def remove(self, digests: Iterable[bytes]) -> int:
        """Remove results and return how many there were."""


class Lock(Protocol):
    """One task's lock, in stores that have such."""

    def get(self) -> bool:
        """Take it; False if it is taken or the task failed."""

    def release(self) -> None:
        """Give it back."""

    def is_locked(self) -> bool:
        """Tell whether it is taken or the task failed."""

    def fail(self) -> bool:
        """Mark the task as failed."""

    def is_failed(self) -> bool:
        """Tell whether the task is marked as failed."""


def results_of(store: Any) -> Results:
    """Return where results lie in `store`: in itself, or in what a store of jug's words brings along for tasks."""
    results: Results = getattr(store, "results", store)
    return results


def assure_in(store: Any) -> None:
    """Return once all that was read from `store` is known to be whole. Raises CorruptResultError if it is not."""
    assure = getattr(results_of(store), "assure", None)
    if assure is not None:  # else it is a user's own, whose `get` tells at once
        assure()


def lock_in(store: Any, name: bytes) -> Lock:
    """Return the lock of that name. Raises JugdirError if the store has no locks."""
    if not hasattr(store, "getlock"):
        raise JugdirError(f"{type(store).__name__} has no locks of its own; only workers claim tasks in it")
    lock: Lock = store.getlock(name)
    return lock
