"""The pace that all workers of a redis store agree on: who makes the store says it, once."""

from __future__ import annotations

import json
from dataclasses import asdict

from jughpc.errors import JugdirError, SettingError
from jughpc.jsonfile import whole
from jughpc.store.base import Pace
from jughpc.store.redis.server import Connection

_CHARTER = "charter"


def keep(server: Connection, pace: Pace) -> None:
    """Keep `pace`, unless one is there."""
    server.do(lambda client: client.set(server.key(_CHARTER), json.dumps(asdict(pace)), nx=True))


def read(server: Connection) -> Pace | None:
    """Return the pace that is kept, None if none is. Raises JugdirError if it cannot be read."""
    text = server.do(lambda client: client.get(server.key(_CHARTER)))
    try:
        return whole(Pace, json.loads(text)) if text else None
    except (SettingError, ValueError, RecursionError) as error:
        raise JugdirError(
            f"{server.key(_CHARTER)} on the redis server is not what jughpc wrote there ({error}). Remove that key "
            "(redis-cli DEL), and whoever works next makes it again; or use another ?namespace=."
        ) from error
