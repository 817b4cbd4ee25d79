"""What a script or a jugfile calls to choose a jugdir, or to load a jugfile beside itself."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jughpc.app.context.jugstore import NamedStore
from jughpc.app.context.session import as_it_is
from jughpc.errors import JugfileError
from jughpc.store.location import Location, open_or_make, parse
from jughpc.tasks.jugfile import load
from jughpc.tasks.running import is_jug_running
from jughpc.tasks.task import Task, alltasks


def init(
    jugfile: str | None = None,
    jugdir: object = None,
    on_error: str = "exit",
    store: object = None,
    args: Sequence[str] | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Load a jugfile in this process and open its jugdir; return the store and the jugfile's names.

    Args:
        jugfile: Default `jugfile.py`.
        jugdir: Default `jugdata`.
        on_error: What to do if the jugfile raises: "exit" with its traceback, or "propagate" the error. SystemExit is
            neither: it ends the process with its own code.
        store: Used in place of a jugdir.
        args: What the jugfile finds in `sys.argv` behind its own name; default: `sys.argv` stays as it is.
    """
    set_jugdir(jugdir if store is None else store)
    try:
        space = _load_beside(Path(jugfile or "jugfile.py"), args)
    except JugfileError as error:
        cause = error.__cause__
        if cause is not None and (on_error == "propagate" or isinstance(cause, SystemExit)):
            raise cause from None
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
    return as_it_is(location) if is_jug_running() else NamedStore(location, open_or_make(location))


def _load_beside(path: Path, args: Sequence[str] | None) -> dict[str, Any]:
    """Load a jugfile beside what was loaded before, whose tasks stay; return its names."""
    before, argv = list(alltasks), sys.argv
    try:
        return load(path, args).space
    finally:
        alltasks[:0] = before
        sys.argv = argv
