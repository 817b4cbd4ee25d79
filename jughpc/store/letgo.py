"""Let a shard go whose claim covers a task that turned out long, so that others run the rest."""

from __future__ import annotations

from collections.abc import Iterable

from jughpc.store.base import Claim, Claims, View


def claim_singly(claims: Claims, shard: int, digests: Iterable[bytes], view: View) -> tuple[list[Claim], bool]:
    """Claim tasks one by one under one's own claim on their shard; return the claims, and whether they cover all.

    The shard's claim may be released once they do: who claims it next passes over what it finds claimed
    singly. Somebody's attempt at one of the tasks, about to be withdrawn, may stand in the way for a moment.
    """
    won, covered = [], True
    for digest in digests:
        claim, view = claims.take(shard, digest, view)
        if claim is not None:
            won.append(claim)
        elif digest not in view.done:
            covered = False
    return won, covered
