"""Which store a jugdir names: a folder, a redis server, or this process's memory."""

from __future__ import annotations

import shutil
from pathlib import Path

from jughpc._version import __version__
from jughpc.errors import JugdirError
from jughpc.fs import Files, OsFiles, environment
from jughpc.host import at_my_end
from jughpc.store.base import Pace, Store
from jughpc.store.files.opening import make_store, open_store
from jughpc.store.memory import MemoryStore
from jughpc.store.redis.server import SCHEMES, parse, password_from
from jughpc.store.redis.store import make_redis, open_redis

IN_MEMORY = "dict_store"

_FEW = 10_000  # tasks that a store is made for whose jugfile was not loaded yet


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


def open_or_make(jugdir: str) -> Store:
    """Open the store that `jugdir` names; make it if there is none yet. Raises JugdirError."""
    found = find_store(jugdir)
    if isinstance(found, MemoryStore):
        at_my_end(found.save)
    if found is not None:
        return found
    return MemoryStore() if jugdir == IN_MEMORY else make(jugdir, _FEW, Pace())


def make(jugdir: str, tasks: int, pace: Pace) -> Store:
    """Make the store that `jugdir` names, fit for `tasks` tasks, or open the one that somebody made meanwhile."""
    if is_server(jugdir):
        return make_redis(parse(jugdir), password_from(environment(), Path.home()), pace)
    return make_store(folder_path(jugdir), tasks, __version__, pace)


def remove_folder(jugdir: str) -> None:
    """Remove the store in a folder, with all results. Raises JugdirError if there is none there."""
    if open_store(folder_path(jugdir)) is None:
        raise JugdirError(f"{jugdir} holds no store, so nothing is removed. Was it made elsewhere?")
    shutil.rmtree(folder_path(jugdir))


def is_private(jugdir: str) -> bool:
    """Return whether the store lives in one process, so that nobody else works on it."""
    return jugdir == IN_MEMORY or jugdir.startswith(f"{IN_MEMORY}:")


def is_server(jugdir: str) -> bool:
    """Return whether the store lies on a redis server."""
    return jugdir.startswith(SCHEMES)


def is_folder(jugdir: str) -> bool:
    """Return whether `jugdir` names a folder, and no other kind of store."""
    return not is_private(jugdir) and not is_server(jugdir)


def is_same(one: str, other: str) -> bool:
    """Return whether two jugdirs are one, by name or by path."""
    return one == other or (is_folder(one) and is_folder(other) and folder_path(one) == folder_path(other))


def folder_of(jugdir: str) -> Files | None:
    """Return the jugdir's files, None for a store that is no folder."""
    return OsFiles(folder_path(jugdir)) if is_folder(jugdir) else None


def folder_path(jugdir: str) -> Path:
    """Return the folder that `jugdir` names (absolute). Raises JugdirError for another kind of store."""
    if not is_folder(jugdir):
        kind = "a redis server" if is_server(jugdir) else jugdir  # the address may hold a password
        raise JugdirError(f"the jugdir is {kind}, and this needs a folder. Name one: --jugdir DIR")
    return Path(jugdir).absolute()
