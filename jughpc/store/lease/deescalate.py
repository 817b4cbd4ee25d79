"""De-escalate: put single claims in the place of one on a shard, so that others run the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from jughpc.store.base import Claim, Claims, View


def claim_singly(
    claims: Claims, shard: int, digests: Iterable[bytes], view: View, won: list[Claim], is_time_up: Callable[[], bool]
) -> bool:
    """Claim tasks one by one under one's own claim on their shard, append the claims to `won`; tell if all were.

    The shard's claim may be released then: who claims it next passes over what it finds claimed singly.
    Somebody's attempt at one of the tasks, about to be withdrawn, may stand in the way for a moment.

    Args:
        is_time_up: Asked after each attempt: whether to leave the rest for the next call, which goes on after `won`.
    """
    covered, before = True, {claim.key for claim in won}
    for digest in digests:
        if digest in before or digest in view.done:
            continue
        claim, view = claims.take(shard, digest, view)
        if claim is not None:
            won.append(claim)
        elif digest not in view.done:
            covered = False
        if is_time_up():
            return False
    return covered
