"""Bring a jugfile and its store together."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jughpc.app.context.jugstore import NamedStore
from jughpc.app.context.target import Target
from jughpc.errors import JugdirError, JugfileError
from jughpc.fs import Files
from jughpc.store.base import Pace, Store
from jughpc.store.location import Location, open_or_make, parse
from jughpc.store.memory import MemoryStore
from jughpc.tasks.jugfile import Jugfile, load
from jughpc.tasks.running import is_jug_running
from jughpc.tasks.task import Task, alltasks

_CHOOSES = re.compile(rb"\b(set_jugdir|init)\s*\(")  # what in a jugfile's text may choose a jugdir


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
    Task.store = _as_it_is(target.location)
    jugfile = load(target.jugfile, target.args)
    store = _chosen(target)
    if store.location != target.location:
        raise JugdirError(
            f"a module that {target.jugfile} imports chooses the jugdir {store.location}; choose it in the jugfile "
            f"itself, or on the command line: --jugdir {store.location.spell()}"
        )
    return Session(target, jugfile, store.results, store.location.files(), store.is_new)


def with_own_jugdir(target: Target) -> Target:
    """Return `target` with the jugdir that its jugfile chooses itself; one that may do so is loaded to know it."""
    if not target.jugfile.is_file() or not _CHOOSES.search(target.jugfile.read_bytes()):
        return target
    Task.store = _as_it_is(target.location)
    load(target.jugfile, target.args)
    return replace(target, location=_chosen(target).location)


def settle(session: Session, pace: Pace) -> Session:
    """Make the store of a session whose store does not exist yet. Raises JugdirError."""
    if not session.is_new or session.target.location.is_private:
        return session
    store = session.target.location.make(len(session.jugfile.tasks), pace)
    for digest in session.store.look(0).done:  # what the jugfile computed while it was loaded (CachedFunction)
        store.put(digest, session.store.get(digest))
    Task.store = NamedStore(session.target.location, store)
    return replace(session, store=store, is_new=False)


def again(session: Session) -> Session:
    """Load the jugfile anew: past the barrier at which it ended. Raises JugdirError if it took another store."""
    Task.store = NamedStore(session.target.location, session.store)
    jugfile = load(session.target.jugfile, session.target.args)
    if session.target.location.is_private and _chosen(session.target).results is not session.store:
        raise JugdirError(
            f"{session.target.jugfile} makes a new store in memory each time it is loaded, which is once a barrier; "
            "name it instead: set_jugdir('dict_store')"
        )
    return replace(session, jugfile=jugfile)


def close(session: Session) -> None:
    """Keep what a store keeps only at the end."""
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
        Task.store = _named(parse(jugdir or "jugdata"))
    else:
        Task.store = jugdir
    return Task.store


def _named(location: Location) -> NamedStore:
    if isinstance(Task.store, NamedStore) and Task.store.location == location:
        return Task.store  # a jugfile may say so at each load
    return _as_it_is(location) if is_jug_running() else NamedStore(location, open_or_make(location))


def _as_it_is(location: Location) -> NamedStore:
    """Return the store at `location`, or one in memory that stands for it until it is made."""
    found = location.find()
    return NamedStore(location, found or MemoryStore(), is_new=found is None)


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
