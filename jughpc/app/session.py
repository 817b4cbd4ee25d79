"""Bring a jugfile and its store together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from jughpc import __version__
from jughpc.app.recent import Target
from jughpc.errors import JugdirError
from jughpc.fs import Files, OsFiles
from jughpc.store.base import Pace, Store
from jughpc.store.memory import MemoryStore
from jughpc.store.opening import make_store, open_store
from jughpc.tasks.jugfile import Jugfile, load
from jughpc.tasks.task import Task

IN_MEMORY = "dict_store"


@dataclass(frozen=True)
class Session:
    """A loaded jugfile and the store that its tasks use.

    Attributes:
        target: What was asked for.
        jugfile: As loaded; `barrier` if the load ended at one.
        store: Where its results are.
        files: The jugdir, None for a store that is no folder.
    """

    target: Target
    jugfile: Jugfile
    store: Store
    files: Files | None


def begin(target: Target, pace: Pace) -> Session:
    """Load the jugfile and open its store; make the store if there is none. Raises UsageError."""
    return settle(peek(target), pace)


def peek(target: Target) -> Session:
    """Load the jugfile beside its store as it is; a store that does not exist is not made."""
    store: Store = find_store(target.jugdir) or MemoryStore()
    Task.store = store
    return Session(target, load(target.jugfile, target.args), store, folder_of(target.jugdir))


def settle(session: Session, pace: Pace) -> Session:
    """Make the store of a session whose store does not exist yet. Raises JugdirError."""
    early, jugdir = session.store, session.target.jugdir
    if not isinstance(early, MemoryStore) or jugdir == IN_MEMORY:
        return session
    store = make_store(folder_path(jugdir), len(session.jugfile.tasks), __version__, pace)
    for digest in early.look(0).done:  # what the jugfile computed while it was loaded (CachedFunction)
        store.put(digest, early.get(digest))
    Task.store = store
    return replace(session, store=store)


def again(session: Session) -> Session:
    """Load the jugfile anew: past the barrier at which it ended."""
    Task.store = session.store
    return Session(session.target, load(session.target.jugfile, session.target.args), session.store, session.files)


def find_store(jugdir: str) -> Store | None:
    """Open the store that `jugdir` names, None if there is none yet. Raises JugdirError."""
    return None if jugdir == IN_MEMORY else open_store(folder_path(jugdir))


def folder_of(jugdir: str) -> Files | None:
    """Return the jugdir's files, None for a store that is no folder."""
    return None if jugdir == IN_MEMORY else OsFiles(folder_path(jugdir))


def folder_path(jugdir: str) -> Path:
    """Return the folder that `jugdir` names (absolute). Raises JugdirError for another kind of store."""
    if jugdir.startswith((f"{IN_MEMORY}:", "redis:", "rediss:")):
        raise JugdirError(f"--jugdir {jugdir}: this version knows folders and `{IN_MEMORY}` only.")
    return Path(jugdir).absolute()

