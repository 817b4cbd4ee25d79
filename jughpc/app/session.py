"""Bring a jugfile and its store together."""

from __future__ import annotations

import atexit
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jughpc import __version__
from jughpc.app.recent import Target
from jughpc.errors import JugdirError, JugfileError
from jughpc.fs import Files, OsFiles, environment
from jughpc.store.base import Pace, Store
from jughpc.store.memory import MemoryStore
from jughpc.store.opening import make_store, open_store
from jughpc.store.redisserver import SCHEMES, parse, password_from
from jughpc.store.redisstore import make_redis, open_redis
from jughpc.tasks.jugfile import Jugfile, load
from jughpc.tasks.task import Task

IN_MEMORY = "dict_store"

_FEW = 10_000  # tasks that a store is made for whose jugfile was not loaded yet


@dataclass(frozen=True)
class Session:
    """A loaded jugfile and the store that its tasks use.

    Attributes:
        target: What was asked for.
        jugfile: As loaded; `barrier` if the load ended at one.
        store: Where its results are.
        files: The jugdir, None for a store that is no folder.
        is_new: Whether `store` only stands for one that was not made yet.
    """

    target: Target
    jugfile: Jugfile
    store: Store
    files: Files | None
    is_new: bool = False


def begin(target: Target, pace: Pace) -> Session:
    """Load the jugfile and open its store; make the store if there is none. Raises UsageError."""
    return settle(peek(target), pace)


def peek(target: Target) -> Session:
    """Load the jugfile beside its store as it is; a store that does not exist is not made."""
    found = find_store(target.jugdir)
    store: Store = found or MemoryStore()
    Task.store = store
    return Session(target, load(target.jugfile, target.args), store, folder_of(target.jugdir), found is None)


def settle(session: Session, pace: Pace) -> Session:
    """Make the store of a session whose store does not exist yet. Raises JugdirError."""
    if not session.is_new or is_private(session.target.jugdir):
        return session
    store = _made(session.target.jugdir, len(session.jugfile.tasks), pace)
    for digest in session.store.look(0).done:  # what the jugfile computed while it was loaded (CachedFunction)
        store.put(digest, session.store.get(digest))
    Task.store = store
    return replace(session, store=store, is_new=False)


def again(session: Session) -> Session:
    """Load the jugfile anew: past the barrier at which it ended."""
    Task.store = session.store
    return replace(session, jugfile=load(session.target.jugfile, session.target.args))


def close(session: Session) -> None:
    """Keep what a store keeps only at the end."""
    if isinstance(session.store, MemoryStore):
        session.store.save()


def init(
    jugfile: str | None = None, jugdir: object = None, on_error: str = "exit", store: object = None
) -> tuple[Any, dict[str, Any]]:
    """Load a jugfile in this process and open its jugdir; return the store and the jugfile's names.

    Args:
        jugfile: Default `jugfile.py`.
        jugdir: Default `jugdata`.
        on_error: What to do if the jugfile raises: "exit" with its traceback, or "propagate" the error.
        store: Used in place of a jugdir.
    """
    path = Path(jugfile or "jugfile.py")
    set_jugdir(jugdir if store is None else store)
    try:
        loaded = load(path)
    except JugfileError as error:
        if on_error == "propagate" and error.__cause__ is not None:
            raise error.__cause__ from None
        sys.exit(str(error))
    return Task.store, loaded.space


def set_jugdir(jugdir: object = None) -> Any:
    """Open, or make, the jugdir that all tasks' results lie in from now on, and return its store.

    Args:
        jugdir: Default `jugdata`; what is no text is taken for a store itself.
    """
    Task.store = _opened(jugdir or "jugdata") if isinstance(jugdir, str | None) else jugdir  # type: ignore[assignment]
    return Task.store


def find_store(jugdir: str) -> Store | None:
    """Open the store that `jugdir` names, None if there is none yet. Raises JugdirError."""
    if jugdir == IN_MEMORY:
        return None
    if is_private(jugdir):
        path = Path(jugdir.removeprefix(f"{IN_MEMORY}:")).absolute()
        return MemoryStore.kept(OsFiles(path.parent), path.name)
    if is_server(jugdir):
        return open_redis(parse(jugdir), password_from(environment(), Path.home()))
    return open_store(folder_path(jugdir))


def is_private(jugdir: str) -> bool:
    """Return whether the store lives in one process, so that nobody else works on it."""
    return jugdir == IN_MEMORY or jugdir.startswith(f"{IN_MEMORY}:")


def is_server(jugdir: str) -> bool:
    """Return whether the store lies on a redis server."""
    return jugdir.startswith(SCHEMES)


def is_folder(jugdir: str) -> bool:
    """Return whether `jugdir` names a folder, and no other kind of store."""
    return not is_private(jugdir) and not is_server(jugdir)


def folder_of(jugdir: str) -> Files | None:
    """Return the jugdir's files, None for a store that is no folder."""
    return OsFiles(folder_path(jugdir)) if is_folder(jugdir) else None


def folder_path(jugdir: str) -> Path:
    """Return the folder that `jugdir` names (absolute). Raises JugdirError for another kind of store."""
    if not is_folder(jugdir):
        kind = "a redis server" if is_server(jugdir) else jugdir  # the address may hold a password
        raise JugdirError(f"the jugdir is {kind}, and this needs a folder. Name one: --jugdir DIR")
    return Path(jugdir).absolute()


def _opened(jugdir: str) -> Store:
    found = find_store(jugdir)
    if isinstance(found, MemoryStore):
        atexit.register(found.save)
    if found is not None:
        return found
    return MemoryStore() if jugdir == IN_MEMORY else _made(jugdir, _FEW, Pace())


def _made(jugdir: str, tasks: int, pace: Pace) -> Store:
    if is_server(jugdir):
        return make_redis(parse(jugdir), password_from(environment(), Path.home()), pace)
    return make_store(folder_path(jugdir), tasks, __version__, pace)
