"""Bring a jugfile and its store together."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from jughpc.app.context.jugstore import NamedStore
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.errors import JugdirError
from jughpc.inode import make_private
from jughpc.store.base import Store
from jughpc.store.files.layout import as_many_apart
from jughpc.store.location import Location
from jughpc.tasks import hints
from jughpc.tasks.abreast import abreast
from jughpc.tasks.jugfile import Jugfile, has_changed, read
from jughpc.tasks.jugfile import load as run_jugfile
from jughpc.tasks.task import Task
from jughpc.worker import stops
from jughpc.worker.apart import apart

_CHOOSES = re.compile(rb"\b(set_jugdir|init)\s*\(")  # what in a jugfile's text may choose a jugdir


@dataclass(frozen=True)
class Session:
    """A loaded jugfile and the store that its tasks use.

    Attributes:
        site: Where it was asked for.
        jugfile: As loaded; `barrier` if the load ended at one.
        store: Where its results are.
        is_new: Whether `store` only stands for one that was not made yet.
    """

    site: Site
    jugfile: Jugfile
    store: Store
    is_new: bool = False

    @property
    def target(self) -> Target:
        """What was asked for."""
        return self.site.target


def begin(site: Site) -> Session:
    """Load the jugfile and open its store; make the store if there is none. Raises UsageError."""
    return settle(peek(site))


def peek(site: Site) -> Session:
    """Load the jugfile beside its store as it is; a store that does not exist is not made."""
    target, found = site.target, site.store()
    Task.store = NamedStore(site.location, found or _instead(), is_new=found is None)
    jugfile = load(target)
    _tell_changes(site, jugfile)
    _give_hints(site, jugfile)
    store = _chosen(target)
    if store.location != target.location:
        raise JugdirError(
            f"a module that {target.jugfile} imports chooses the jugdir {store.location}; choose it in the jugfile "
            f"itself, or on the command line: --jugdir {store.location.spell()}"
        )
    return Session(site, jugfile, store.results, store.is_new)


def may_choose_jugdir(target: Target) -> bool:
    """Return whether the jugfile may choose its jugdir itself."""
    return target.is_there() and bool(_CHOOSES.search(read(target.place)))


def with_own_jugdir(target: Target) -> Target:
    """Return `target` with the jugdir that its jugfile chooses itself; one that may do so is loaded to know it."""
    if not may_choose_jugdir(target):
        return target
    return replace(target, location=apart(lambda: _own_location(target)))  # or modules would stay as they are now


def _own_location(target: Target) -> Location:
    Task.store = as_it_is(target.location)
    load(target)
    return _chosen(target).location


def settle(session: Session) -> Session:
    """Make the store of a session whose store does not exist yet, private if it is to be. Raises JugdirError."""
    if session.site.settings.private:
        make_private(session.target.location.folder())
    if not session.is_new or session.target.location.is_private:
        return session
    tasks = session.jugfile.tasks
    store = session.site.make(as_many_apart(len(tasks), abreast(tasks)))
    for digest in session.store.look(0).done:  # what the jugfile computed while it was loaded (CachedFunction)
        store.put(digest, session.store.get(digest))
    Task.store = NamedStore(session.target.location, store)
    return replace(session, store=store, is_new=False)


def again(session: Session) -> Session:
    """Load the jugfile anew: past the barrier at which it ended. Raises JugdirError if it took another store."""
    Task.store = NamedStore(session.target.location, session.store)
    jugfile = load(session.target)
    _tell_changes(session.site, jugfile)
    if session.target.location.is_private and _chosen(session.target).results is not session.store:
        raise JugdirError(
            f"{session.target.jugfile} makes a new store in memory each time it is loaded, which is once a barrier; "
            "name it instead: set_jugdir('dict_store')"
        )
    return replace(session, jugfile=jugfile)


def in_another_process(session: Session, site: Site) -> Session:
    """Return what another process loaded, as this one, forked from it, goes on with it: on a store of its own.

    Args:
        site: Where nothing was opened yet, or in this process.
    """
    store = site.store()
    if store is None:
        raise JugdirError(f"{site.location} was removed meanwhile.")
    Task.store = NamedStore(site.location, store)
    return replace(session, site=site, store=store)


def close(session: Session) -> None:
    """Keep what a store keeps only at the end."""
    session.store.save()


def load(target: Target) -> Jugfile:
    """Load a jugfile; see tasks.jugfile.load. A child that it forks goes no further; commands stay where they are."""
    with stops.loading():
        return run_jugfile(target.jugfile, target.args, target.source)


def _tell_changes(site: Site, jugfile: Jugfile) -> None:
    """Say so if what was submitted, and runs here, is no more what the user sees."""
    if site.target.source is not None and has_changed(jugfile.path, jugfile.text):
        what = "has changed" if jugfile.path.is_file() else "is gone"
        site.say(f"{site.target.jugfile} {what} since it was submitted; this runs what was submitted")


def _give_hints(site: Site, jugfile: Jugfile) -> None:
    if not (jugfile.tasks or jugfile.barrier):
        site.say(hints.of_no_task(jugfile.path, jugfile.space, jugfile.text))
    for words in hints.of_names(jugfile.path, jugfile.space):
        site.say(words)


def as_it_is(location: Location) -> NamedStore:
    """Return the store at `location`, or one in memory that stands for it until it is made."""
    found = location.find()
    return NamedStore(location, found or _instead(), is_new=found is None)


def _instead() -> Store:
    from jughpc.store.memory import MemoryStore  # only now: mostly there is a store

    return MemoryStore()


def _chosen(target: Target) -> NamedStore:
    """Return the store that tasks use now that the jugfile was loaded. Raises JugdirError if commands cannot use it."""
    if isinstance(Task.store, NamedStore):
        return Task.store
    kind = type(Task.store).__name__
    raise JugdirError(
        f"{target.jugfile} chooses a store of its own, a {kind}, which workers cannot share: choose a folder, "
        "redis://HOST or dict_store, or use yours in a script with jughpc.init(jugfile, store=...)"
    )
