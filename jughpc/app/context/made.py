"""Settings that a store keeps from the day on which it was made."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, replace

from jughpc.config.settings import Settings
from jughpc.errors import JugdirError
from jughpc.store.files.opening import open_store
from jughpc.store.location import Folder, Location


def as_made(values: Settings, where: Location) -> Settings:
    """Return `values` with the pace of the store in `where`, a folder; or as they are if none can be used."""
    store = None
    if isinstance(where, Folder):
        with suppress(JugdirError):
            store = open_store(where.path)
    if store is None:
        return values
    pace = asdict(store.pace)
    return replace(
        values, **pace, origins={**values.origins, **dict.fromkeys(pace, f"the store {where}, when it was made")}
    )
