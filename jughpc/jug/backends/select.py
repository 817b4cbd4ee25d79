"""The names of jug.backends.select."""

from __future__ import annotations

from typing import Any

from jughpc.app.context.jugstore import NamedStore
from jughpc.store import location as stores

__all__ = ["select"]


def select(jugdir: Any) -> Any:
    """Return the store that `jugdir` names, made if there is none; what is no text is a store itself."""
    if not isinstance(jugdir, str):
        return jugdir
    location = stores.parse(jugdir)
    return NamedStore(location, stores.open_or_make(location))
