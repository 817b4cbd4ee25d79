"""Merge small result files, shard by shard, while workers run."""

from __future__ import annotations

from dataclasses import dataclass

from jughpc.app.context.site import Site
from jughpc.app.upkeep.exclusive import holding
from jughpc.errors import BusyError, JugdirError
from jughpc.fs import Clock
from jughpc.store.base import Store


@dataclass(frozen=True)
class Packed:
    """What was done.

    Attributes:
        results: How many results were moved.
        busy: Shards that live workers held, and that stay as they were.
    """

    results: int
    busy: int


def pack(site: Site) -> Packed:
    """Merge the small result files of every shard that nobody holds. Raises JugdirError if there is no file store."""
    with site.leasing() as lease:
        site.location.folder()  # elsewhere there is nothing to pack
        if (store := site.store()) is None:
            raise JugdirError(f"there is no store in {site.location}, so there is nothing to pack.")
        lease.begin(store)
        moved = [_pack_shard(store, lease.record.life, shard, site.clock) for shard in store.shards_in_use()]
    return Packed(sum(count or 0 for count in moved), moved.count(None))


def _pack_shard(store: Store, life: str, shard: int, clock: Clock) -> int | None:
    """Merge the small files of a shard; return how many results were moved, None if somebody holds it."""
    done = store.look(shard).done
    if not done:
        return 0
    try:
        with holding(store, life, [next(iter(done))], clock, patience=0.0):
            return store.pack(shard, life)
    except BusyError:
        return None
