"""A store as the processes of a simulated world use it, with the referee told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jughpc.store.base import Claim, Claims, View
from jughpc.store.death import Death
from jughpc.store.files.store import FileStore
from jughpc.store.resultfile import Encoded
from jughpc.testing.hosts import Process
from jughpc.testing.referee import Referee


class WatchedStore:
    """A store whose claims the referee watches; all else is the store's own."""

    def __init__(self, store: FileStore, process: Process, referee: Referee) -> None:
        self._store, self._process, self._referee = store, process, referee

    def claims(self, life: str, done_too: bool = False) -> Claims:
        return WatchedClaims(self._store.claims(life, done_too), self._process, self._referee)

    def publish(self, shard: int, results: Mapping[bytes, Encoded], life: str) -> None:
        self._referee.publishes(self._process, results)
        self._store.publish(shard, results, life)

    def bury(self, death: Death) -> None:
        self._store.bury(death)
        self._referee.writes_down(death.digest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class WatchedClaims:
    """Any `Claims`, with the referee told of what is won and let go."""

    def __init__(self, claims: Claims, process: Process, referee: Referee) -> None:
        self._claims, self._process, self._referee = claims, process, referee

    def take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        asked, done = self._referee.time(), self._referee.done(shard)
        claim, view = self._claims.take(shard, key, view)
        if claim:
            self._referee.won(self._process, claim, view, asked, done)
        return claim, view

    def release(self, claim: Claim) -> None:
        self._referee.let_go(self._process, claim)
        self._claims.release(claim)

    def hand_back(self, claim: Claim) -> None:
        self._referee.let_go(self._process, claim)
        self._claims.hand_back(claim)
