"""Let a shard go whose claim covers a task that turned out long, so that others run the rest."""

from __future__ import annotations

from collections.abc import Iterable

from jughpc.store.base import Claim, Claims, View


def claim_singly(claims: Claims, shard: int, digests: Iterable[bytes], view: View, won: list[Claim]) -> bool:
    """Claim tasks one by one under one's own claim on their shard, append the claims to `won`; tell if all were.

    The shard's claim may be released then: who claims it next passes over what it finds claimed singly.
    Somebody's attempt at one of the tasks, about to be withdrawn, may stand in the way for a moment.
    """
    covered = True
    for digest in digests:
        claim, view = claims.take(shard, digest, view)
        if claim is not None:
            won.append(claim)
        elif digest not in view.done:
            covered = False
    return covered
