"""jug.jug"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from jughpc.tasks.running import is_jug_running

__all__ = ["init", "is_jug_running", "set_jugdir"]


def init(
    jugfile: str | None = None, jugdir: object = None, on_error: str = "exit", store: object = None
) -> tuple[Any, dict[str, Any]]:
    """Load a jugfile in this process, and open its jugdir; return the store and the jugfile's names.

    Args:
        jugfile: Default `jugfile.py`.
        jugdir: Default `jugdata`.
        on_error: What to do if the jugfile raises: "exit" with its traceback, or "propagate" the error.
        store: Used in place of a jugdir.
    """
    opened: tuple[Any, dict[str, Any]] = _session().init(jugfile, jugdir, on_error, store)
    return opened


def set_jugdir(jugdir: object) -> Any:
    """Open the jugdir that all tasks' results lie in from now on, and return its store."""
    return _session().set_jugdir(jugdir)


def _session() -> Any:
    return import_module("jughpc.app.session")  # only now: most jugfiles never ask for it
