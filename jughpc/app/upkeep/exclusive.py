"""Hold tasks that are to lose their results, so that no worker computes or publishes them meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from jughpc.backoff import jitter
from jughpc.errors import BusyError
from jughpc.fs import Clock
from jughpc.store.base import SHARD, Claim, Claims, Store, by_shard

_PAUSE = 0.5  # [s] between two tries


@contextmanager
def holding(store: Store, life: str, digests: Iterable[bytes], clock: Clock, patience: float) -> Iterator[None]:
    """Hold the shards of `digests` while the block runs.

    Args:
        life: In whose name; it must have begun.
        patience: How long others that hold any of it are waited for [s].
    Raises:
        BusyError: Live workers went on holding some of it; nothing is held.
    """
    claims, end = store.claims(life), clock.now() + patience
    held: list[Claim] = []
    try:
        for shard, members in by_shard(store.shard_of, digests).items():  # in one order: no two wait for each other
            held += _take(store, claims, shard, members, clock, end)
        yield
    finally:
        _release(claims, held)


def _take(store: Store, claims: Claims, shard: int, members: set[bytes], clock: Clock, end: float) -> list[Claim]:
    while (held := _try(store, claims, shard, members)) is None:
        if clock.now() >= end:
            raise BusyError(_who_is_busy(store, members))
        clock.sleep(_PAUSE * jitter())
    return held


def _try(store: Store, claims: Claims, shard: int, members: set[bytes]) -> list[Claim] | None:
    """Claim a shard, and those of its tasks that somebody held singly; return None if one lives that holds them."""
    whole, view = claims.take(shard, SHARD, store.look(shard))
    if whole is None:
        return None
    held = [whole]
    for key in members & view.claims.keys() - view.done:
        single, view = claims.take(shard, key, view)
        if single is None:
            _release(claims, held)
            return None
        held.append(single)
    return held


def _release(claims: Claims, held: list[Claim]) -> None:
    for claim in reversed(held):
        claims.release(claim)


def _who_is_busy(store: Store, members: set[bytes]) -> str:
    running = [record for record in store.records() if record.digest and bytes.fromhex(record.digest) in members]
    who = [f"{record.task} on {record.host} ({record.owner or f'pid {record.pid}'})" for record in running[:3]]
    what = f"live workers run some of these tasks: {', '.join(who)}" if who else "others hold some of these tasks"
    return (
        f"{what}; nothing was changed. Wait until they are done (--wait), stop these workers, or free what the "
        "dead held with `jughpc cleanup --locks-only`."
    )
