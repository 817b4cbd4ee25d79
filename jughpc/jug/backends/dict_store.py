"""The names of jug.backends.dict_store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jughpc.app.context.jugstore import NamedStore
from jughpc.store import location as stores

__all__ = ["dict_store"]


class dict_store(NamedStore):  # noqa: N801  # jug's name
    """A store in memory, for one process.

    Args:
        backend: A file that it is read from, and saved to at the end.
    """

    def __init__(self, backend: str | Path | None = None) -> None:
        location = stores.parse(stores.IN_MEMORY + (f":{backend}" if backend else ""))
        super().__init__(location, stores.open_or_make(location))

    @property
    def store(self) -> Mapping[bytes, Any]:
        """What is in memory now, as jug names it: results, which are read here, and locks held, which are 1."""
        locks = {b"lock:" + digest.hex().encode(): 1 for digest in self.held}
        return {b"result:" + name: self.load(name) for name in self.list()} | locks
