"""What a worker knows of the store: taken from fresh listings, kept in the graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from itertools import chain
from random import sample

from jughpc.store.base import Claim, View
from jughpc.store.believed import LOOKS, Broken
from jughpc.store.record import ALIVE
from jughpc.tasks import hooks
from jughpc.worker.frontier import Frontier
from jughpc.worker.patient import PatientStore
from jughpc.worker.tally import Options, Tally

_NOTHING = View()


class Knowledge:
    """Turns looks at shards into tasks that are done, failed or free.

    Attributes:
        tries: How often tasks failed that are to be tried again, or failed for good here.
        loadable: Tasks that others did, for the hooks that want to know of each.
    """

    def __init__(self, store: PatientStore, frontier: Frontier, options: Options, tally: Tally) -> None:
        self._store, self.frontier, self._options, self._tally = store, frontier, options, tally
        self._graph = frontier.graph
        self._claims: dict[int, View] = {}
        self._marked: set[int] = set()
        self._doubts = True  # until the marks that were there before this worker were looked into
        self._believed: set[int] = set()  # shards that such a mark alone calls done
        self._found: set[int] = set()  # shards that others finished; they mark them, unless they die just then
        self._unknown: dict[int, set[bytes]] = {}  # of shards that were looked at before: what no look showed as done
        self._taken: dict[int, dict[int, Set[bytes]]] = {}  # by shard, what the last look showed
        self._suspects: dict[int, set[int]] = {}  # by shard
        self.tries: dict[bytes, int] = {}
        self.loadable: list[int] = []

    def claims(self, shard: int) -> View:
        """Return the claims on `shard` as last seen; looks if it never was."""
        return self._claims.get(shard) or self.look(shard)

    def look(self, shard: int) -> View:
        """Look at a shard now."""
        view = self._store.look(shard)
        self.learn(shard, view)
        return view

    def learn(self, shard: int, view: View) -> None:
        """Take in what a look at `shard` showed."""
        first = shard not in self._claims
        if self.frontier.left[shard]:
            self._learn_done(shard, self._news(shard, view), first)
        for digest in view.failed:
            if not view.has(digest):
                self._learn_failure(digest, first)
        if view.deaths or shard in self._suspects:
            self._learn_deaths(shard, view.deaths)
        self._claims[shard] = View(claims=view.claims) if view.claims else _NOTHING
        if not self.frontier.left[shard]:
            self._found.add(shard)

    def did(self, shard: int, indices: Iterable[int]) -> None:
        """Take note of results that this worker itself published: no look need tell of them."""
        if shard in self._unknown:
            self._unknown[shard].difference_update(self._graph.digests.of(indices))

    def learn_complete(self) -> dict[int, Broken]:
        """Read which shards are done as a whole, at the price of one listing; return those that are not, though marked.

        The first time some of them are looked at: since they were marked a purge may have removed results.
        """
        marks = {shard: tasks for shard, tasks in self._store.complete() if self._is_news(shard, tasks)}
        false = self._store.broken(marks, self.frontier.digests) if self._doubts else {}
        self._believed |= marks.keys() - false.keys() if self._doubts else set()
        self._doubts = False
        for shard in marks.keys() - false.keys():
            self._marked.add(shard)
            undone = list(self._graph.lacking(self.frontier.members(shard)))
            self._learn_done(shard, undone, first=True)
        for shard, one in false.items():
            self.learn(shard, one.view)
        return false

    def recheck(self, everything: bool) -> dict[int, int]:
        """Look again at shards that are done; return how many results of which are gone: their tasks are ready again.

        Args:
            everything: Look at all of them, not at those alone that a mark called done before this worker began, and at
                some of the others, drawn by lot; where one lacks something, at all of them all the same.
        """
        shards = self.frontier.left.keys()
        some = shards if everything else self._believed | {*sample(sorted(shards), min(len(shards), LOOKS))}
        lacking = self._lacking(some)
        lacking |= self._lacking(shards - some) if lacking else {}
        self._store.unmark_complete(lacking.keys())
        for digest in chain.from_iterable(lacking.values()):
            self.lost(digest)
        return {shard: len(gone) for shard, gone in lacking.items()}

    def mark_found(self) -> None:
        """Say so in the store of shards that others finished, where nobody has; one listing."""
        marks = self._store.complete() if self._found - self._marked else set()
        for shard in sorted(self._found - self._marked):
            if (shard, self._set_name(shard)) not in marks:
                self.mark_if_complete(shard)

    def mark_if_complete(self, shard: int) -> None:
        """Say so in the store if all tasks of `shard` are done."""
        if not self.frontier.left[shard] and shard not in self._marked:
            self._marked.add(shard)
            self._store.mark_complete(shard, self.frontier.digests(shard))

    def released(self, claim: Claim) -> None:
        """Take note that this worker let a claim go; what the dead held of it stays."""
        claims = self._claims[claim.shard].claims
        if generations := [g for g in claims.get(claim.key, ()) if g != claim.generation]:
            claims[claim.key] = generations
        else:
            claims.pop(claim.key, None)

    def is_done(self, digest: bytes) -> bool:
        """Return whether a task of this jugfile is known to have a result."""
        index = self.frontier.index(digest)
        return index is not None and self._graph.is_done(index)

    def lost(self, digest: bytes) -> None:
        """Take note that a result is gone or damaged: its task must run again."""
        index = self.frontier.index(digest)
        if index is not None and self._graph.is_done(index):
            self._marked.discard(shard := self.frontier.shard[index])
            self._unknown.pop(shard, None)
            self._taken.pop(shard, None)
            self._tally.loaded -= Counter([self._graph.name(index)])
            self.frontier.undone(index)

    def _is_news(self, shard: int, tasks: str) -> bool:
        return bool(self.frontier.left[shard]) and shard not in self._marked and self._set_name(shard) == tasks

    def _lacking(self, shards: Set[int]) -> dict[int, Set[bytes]]:
        return {shard: gone for shard in sorted(shards) if (gone := self._lost(shard))}

    def _lost(self, shard: int) -> Set[bytes]:
        known = self.frontier.digests(shard) - self.frontier.lacking(shard)
        return self._store.look(shard).lacking(known) if known else set()

    def _learn_done(self, shard: int, indices: list[int], first: bool) -> None:
        self.frontier.done(shard, indices)
        if hooks.is_hooked(hooks.TASK_LOADABLE):
            self.loadable += indices
        if first:
            self._tally.loaded.update(self._graph.count(indices))

    def _learn_deaths(self, shard: int, deaths: Mapping[bytes, Set[str]]) -> None:
        now = {index: len(lives) for digest, lives in deaths.items() if (index := self._undone(digest)) is not None}
        cleared = dict.fromkeys(self._suspects.get(shard, set()) - now.keys(), 0)
        for index, count in (cleared | now).items():
            if count != self.frontier.deaths(index):
                self.frontier.suspect(index, count)
        self._suspects[shard] = set(now)

    def _undone(self, digest: bytes) -> int | None:
        index = self.frontier.index(digest)
        return None if index is None or self._graph.is_done(index) else index

    def _news(self, shard: int, view: View) -> list[int]:
        """Return the tasks that a look shows to be done and nobody knew; those that ran here are weeded out on the way.

        A shard may be looked at as often as it has tasks, so what is known is not gone through each time.
        """
        before, parts = self._taken.get(shard, {}), view.parts()
        self._taken[shard] = {id(part): part for part in parts}  # they are kept, so that no other has their identity
        fresh = [part for part in parts if id(part) not in before]
        if not any(fresh):
            return []
        unknown = self._unknown.get(shard)
        if unknown is None:
            unknown = self.frontier.lacking(shard)
            if shard in self._claims:  # most shards are looked at but once or twice
                self._unknown[shard] = unknown
        seen = set[bytes]().union(*(part & unknown for part in fresh))
        unknown -= seen
        return list(self._graph.lacking(self.frontier.indices(shard, seen)))

    def _set_name(self, shard: int) -> str:
        return self.frontier.places.name(shard, self._graph.digests)

    def _learn_failure(self, digest: bytes, first: bool) -> None:
        index = self._undone(digest)
        if index is None or self._graph.is_failed(index):
            return
        if first and self._options.retry_failed and not self._is_recent(digest):
            self._store.forget_failures([digest])
        elif not self._may_retry(digest):
            self.frontier.failed(index)

    def _is_recent(self, digest: bytes) -> bool:
        """Return whether a task failed in a life that goes on: another worker of this very run."""
        failure = self._store.failure(digest)
        lives = {record.life for record in self._store.records() if record.state == ALIVE}
        return failure is not None and failure.life in lives

    def _may_retry(self, digest: bytes) -> bool:
        """Return whether a task that failed, here or elsewhere, is to be tried again."""
        if not self._options.retries:
            return False
        failure = self._store.failure(digest)
        self.tries[digest] = failure.tries if failure else 0
        return self.tries[digest] <= self._options.retries
