"""Bring a jugfile and its store together."""

from __future__ import annotations

import atexit
import re
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jughpc import __version__
from jughpc.app.named import NamedStore
from jughpc.app.recent import Target
from jughpc.errors import JugdirError, JugfileError
from jughpc.fs import Files, OsFiles, environment
from jughpc.store.base import Pace, Store
from jughpc.store.memory import MemoryStore
from jughpc.store.opening import make_store, open_store
from jughpc.store.redisserver import SCHEMES, parse, password_from
from jughpc.store.redisstore import make_redis, open_redis
from jughpc.tasks.jugfile import Jugfile, load
from jughpc.tasks.running import is_jug_running
from jughpc.tasks.task import Task, alltasks

IN_MEMORY = "dict_store"

_CHOOSES = re.compile(rb"\b(set_jugdir|init)\s*\(")  # what in a jugfile's text may choose a jugdir

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
    Task.store = _as_it_is(target.jugdir)
    jugfile = load(target.jugfile, target.args)
    store = _chosen(target)
    if not _is_same(store.jugdir, target.jugdir):
        raise JugdirError(
            f"a module that {target.jugfile} imports chooses the jugdir {store.jugdir}; choose it in the jugfile "
            f"itself, or on the command line: --jugdir {store.jugdir}"
        )
    return Session(target, jugfile, store.results, folder_of(store.jugdir), store.is_new)


def with_own_jugdir(target: Target) -> Target:
    """Return `target` with the jugdir that its jugfile chooses itself; one that may do so is loaded to know it."""
    if not target.jugfile.is_file() or not _CHOOSES.search(target.jugfile.read_bytes()):
        return target
    Task.store = _as_it_is(target.jugdir)
    load(target.jugfile, target.args)
    return replace(target, jugdir=_chosen(target).jugdir)


def settle(session: Session, pace: Pace) -> Session:
    """Make the store of a session whose store does not exist yet. Raises JugdirError."""
    if not session.is_new or is_private(session.target.jugdir):
        return session
    store = _made(session.target.jugdir, len(session.jugfile.tasks), pace)
    for digest in session.store.look(0).done:  # what the jugfile computed while it was loaded (CachedFunction)
        store.put(digest, session.store.get(digest))
    Task.store = NamedStore(session.target.jugdir, store)
    return replace(session, store=store, is_new=False)


def again(session: Session) -> Session:
    """Load the jugfile anew: past the barrier at which it ended. Raises JugdirError if it took another store."""
    Task.store = NamedStore(session.target.jugdir, session.store)
    jugfile = load(session.target.jugfile, session.target.args)
    if is_private(session.target.jugdir) and _chosen(session.target).results is not session.store:
        raise JugdirError(
            f"{session.target.jugfile} makes a new store in memory each time it is loaded, which is once a barrier; "
            "name it instead: set_jugdir('dict_store')"
        )
    return replace(session, jugfile=jugfile)


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
    set_jugdir(jugdir if store is None else store)
    try:
        space = _load_beside(Path(jugfile or "jugfile.py"))
    except JugfileError as error:
        if on_error == "propagate" and error.__cause__ is not None:
            raise error.__cause__ from None
        sys.exit(str(error))
    return Task.store, space


def set_jugdir(jugdir: object = None) -> Any:
    """Open, or make, the jugdir that all tasks' results lie in from now on, and return its store.

    Args:
        jugdir: Default `jugdata`; what is no text is taken for a store itself.
    """
    if isinstance(jugdir, str | None):
        Task.store = _named(jugdir or "jugdata")
    else:
        Task.store = jugdir
    return Task.store


def remove_folder(jugdir: str) -> None:
    """Remove the store in a folder, with all results. Raises JugdirError if there is none there."""
    if open_store(folder_path(jugdir)) is None:
        raise JugdirError(f"{jugdir} holds no store, so nothing is removed. Was it made elsewhere?")
    shutil.rmtree(folder_path(jugdir))


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


def open_or_make(jugdir: str) -> Store:
    """Open the store that `jugdir` names; make it if there is none yet. Raises JugdirError."""
    found = find_store(jugdir)
    if isinstance(found, MemoryStore):
        atexit.register(found.save)
    if found is not None:
        return found
    return MemoryStore() if jugdir == IN_MEMORY else _made(jugdir, _FEW, Pace())


def _named(jugdir: str) -> NamedStore:
    if isinstance(Task.store, NamedStore) and _is_same(Task.store.jugdir, jugdir):
        return Task.store  # a jugfile may say so at each load
    return _as_it_is(jugdir) if is_jug_running() else NamedStore(jugdir, open_or_make(jugdir))


def _is_same(one: str, other: str) -> bool:
    """Return whether two jugdirs are one, by name or by path."""
    return one == other or (is_folder(one) and is_folder(other) and folder_path(one) == folder_path(other))


def _as_it_is(jugdir: str) -> NamedStore:
    """Return the store of `jugdir`, or one in memory that stands for it until it is made."""
    found = find_store(jugdir)
    return NamedStore(jugdir, found or MemoryStore(), is_new=found is None)


def _chosen(target: Target) -> NamedStore:
    """Return the store that tasks use now that the jugfile was loaded. Raises JugdirError if commands cannot use it."""
    if isinstance(Task.store, NamedStore):
        return Task.store
    kind = type(Task.store).__name__
    raise JugdirError(
        f"{target.jugfile} chooses a store of its own, a {kind}, which workers cannot share: choose a folder, "
        "redis://HOST or dict_store, or use yours in a script with jughpc.init(jugfile, store=...)"
    )


def _load_beside(path: Path) -> dict[str, Any]:
    """Load a jugfile beside what was loaded before, whose tasks stay; return its names."""
    before, argv = list(alltasks), sys.argv
    try:
        return load(path).space
    finally:
        alltasks[:0] = before
        sys.argv = argv


def _made(jugdir: str, tasks: int, pace: Pace) -> Store:
    if is_server(jugdir):
        return make_redis(parse(jugdir), password_from(environment(), Path.home()), pace)
    return make_store(folder_path(jugdir), tasks, __version__, pace)
