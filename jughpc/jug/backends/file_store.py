"""The names of jug.backends.file_store."""

from __future__ import annotations

from pathlib import Path

from jughpc.app.context.jugstore import NamedStore
from jughpc.store import location as stores

__all__ = ["file_keepalive_store", "file_store"]


class file_store(NamedStore):  # noqa: N801  # jug's name
    """The store in the folder `dname`, made if there is none.

    Args:
        compress_numpy: Without effect: what compresses well is compressed.
    """

    def __init__(self, dname: str | Path, compress_numpy: bool = False) -> None:
        location = stores.parse(str(dname))
        location.folder()  # no other kind of store
        super().__init__(location, stores.open_or_make(location))

    @staticmethod
    def remove_store(jugdir: str | Path) -> None:
        """Remove a store with all its results, and nothing else. Raises JugdirError for a folder that is no store."""
        stores.parse(str(jugdir)).remove()


file_keepalive_store = file_store
"""Every claim is kept alive here, and no clocks are compared."""
