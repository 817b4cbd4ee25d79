"""What this worker holds: a claim on a task, on a shard, or on some tasks of one shard."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from jughpc.store.base import SHARD, Claim, Claims, View
from jughpc.store.resultfile import Encoded
from jughpc.worker.context import WorkerContext
from jughpc.worker.knowledge import Knowledge


class Held:
    """Takes, keeps and releases claims, all of one shard at a time.

    Attributes:
        claims: What is held.
    """

    def __init__(self, context: WorkerContext, knowledge: Knowledge) -> None:
        self._context, self._knowledge = context, knowledge
        self._bare = context.store.bare
        self._taker = self._bare.claims(context.lease.record.life)
        self.claims: list[Claim] = []
        self._owed: list[tuple[Claims, Claim]] = []  # what could not be released when it was time to

    def take(self, shard: int, key: bytes, view: View) -> View | None:
        """Try to win `key`, holding nothing else; return a view made after it was won, None if it was not."""
        claim, view = self._context.patience.through(lambda: self._take(shard, key, view), "claim what is to be run")
        self._knowledge.learn(shard, view)
        if claim is None:
            return None
        self.claims = [claim]
        return view

    def _take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        if self._context.lease.late():
            self._renew()
        self._pay()  # first: what is seen to be ours is taken to be held
        try:
            return self._taker.take(shard, key, view)
        except FileNotFoundError:  # somebody took this life's record away
            self._renew()
            return self._taker.take(shard, key, view)

    def still_ours(self, results: Mapping[bytes, Encoded]) -> Mapping[bytes, Encoded]:
        """Return those of `results`, run under what is held, that are still ours to publish.

        After a pause so long that others may have taken over, it is what can be won once more.
        """
        life = self._context.lease.record.life
        if not self._context.lease.late() and all(claim.life == life for claim in self.claims):
            keys = {claim.key for claim in self.claims}
            return results if SHARD in keys else {digest: one for digest, one in results.items() if digest in keys}
        if self._context.lease.late():
            former = [(self._taker, claim) for claim in self.claims]
            self._renew()
            self._owed += former
        self.claims = [won for claim in self.claims if (won := self._again(claim))]
        return {digest: result for digest, result in results.items() if self._covers(digest)}

    def release(self) -> None:
        """Let all go."""
        # Who was broken off, or was late, or whose claim a `cleanup --force` removed, may find another's in its place.
        doubtful = self._context.lease.late() or self._context.stops.signal
        for claim in self.claims:
            try:
                if doubtful or claim.key == SHARD or not self._knowledge.is_done(claim.key):
                    self._taker.release(claim)
                else:
                    self._taker.hand_back(claim)  # blindly: what is done no one claims
            except OSError:  # it must not hide why this worker lets go; if it ends now, all see that by its record
                self._owed.append((self._taker, claim))
            self._knowledge.released(claim)
        self.claims = []
        with suppress(OSError):
            self._pay()

    def _pay(self) -> None:
        """Release what is owed. Raises OSError."""
        while self._owed:
            taker, claim = self._owed[-1]
            taker.release(claim)
            self._owed.pop()

    def _again(self, claim: Claim) -> Claim | None:
        won, view = self._taker.take(claim.shard, claim.key, self._bare.look(claim.shard))
        self._knowledge.learn(claim.shard, view)
        return won

    def _covers(self, digest: bytes) -> bool:
        """Return whether `digest` is under one of the claims just won, and not done by others."""
        for claim in self.claims:
            if claim.key == digest:
                return True
            if claim.key == SHARD:
                known = self._knowledge
                return not known.is_done(digest) and digest not in known.claims(claim.shard).claims
        return False

    def _renew(self) -> None:
        former = self._context.lease.record.life
        self._context.lease.renew("was late: stopped, suspended or cut off")
        self._context.say(
            "this worker was stopped or cut off, closed its descriptors, or its record was removed: "
            "it goes on under a new name"
        )
        with suppress(OSError):  # who took over may have written that it died
            for claim in (one for one in self.claims if one.key != SHARD):
                self._bare.acquit(claim.key, former)
        self._taker = self._bare.claims(self._context.lease.record.life)
