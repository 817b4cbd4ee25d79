"""The names of jug.backends.redis_store."""

from __future__ import annotations

from jughpc.app.context.jugstore import NamedStore
from jughpc.errors import JugdirError
from jughpc.store import location as stores

__all__ = ["redis_store"]


class redis_store(NamedStore):  # noqa: N801  # jug's name
    """The store on a redis server: ``redis://[:password@]host[:port][/db][?namespace=name]``."""

    def __init__(self, url: str) -> None:
        location = stores.parse(url)
        if not isinstance(location, stores.Server):
            raise JugdirError("that is no redis address; write redis://[:password@]host[:port][/db][?namespace=name]")
        super().__init__(location, stores.open_or_make(location))
