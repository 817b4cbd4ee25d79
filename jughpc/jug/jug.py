"""The names of jug.jug."""

from __future__ import annotations

from typing import Any

from jughpc.tasks.running import is_jug_running

__all__ = ["init", "is_jug_running", "set_jugdir"]


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
    from jughpc.app import session  # only now: it doubles the time of `import jug`, and few jugfiles need it

    return session.init(jugfile, jugdir, on_error, store)


def set_jugdir(jugdir: object = None) -> Any:
    """Open, or make, the jugdir that all tasks' results lie in from now on, and return its store.

    Args:
        jugdir: Default `jugdata`; what is no text is taken for a store itself.
    """
    from jughpc.app import session

    return session.set_jugdir(jugdir)
