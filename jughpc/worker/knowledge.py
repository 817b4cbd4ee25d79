"""What a worker knows of the store: taken from fresh listings, kept in the graph."""

from __future__ import annotations

from jughpc.store.base import Store, View
from jughpc.store.shards import set_name
from jughpc.worker.frontier import Frontier
from jughpc.worker.tally import Options, Tally

_NOTHING = View()


class Knowledge:
    """Turns looks at shards into tasks that are done, failed or free."""

    def __init__(self, store: Store, frontier: Frontier, options: Options, tally: Tally) -> None:
        self._store, self.frontier, self._options, self._tally = store, frontier, options, tally
        self._graph = frontier.graph
        self._claims: dict[int, View] = {}
        self._marked: set[int] = set()
        self.tries: dict[bytes, int] = {}

    def claims(self, shard: int) -> View:
        """Return the claims on `shard` as last seen; looks if it never was."""
        return self._claims.get(shard) or self.look(shard)

    def look(self, shard: int) -> View:
        """Look at a shard now."""
        view = self._store.look(shard)
        self.learn(shard, view)
        return view

    def learn(self, shard: int, view: View) -> bool:
        """Take in what a look at `shard` showed; return whether a task was found done."""
        first = shard not in self._claims
        found = [i for digest in view.done if (i := self._undone(digest)) is not None]
        for index in found:
            self.frontier.done(index)
        if first:
            self._tally.loaded.update(self._graph.tasks[index].name for index in found)
        for digest in view.failed - view.done:
            self._learn_failure(digest, first)
        self._claims[shard] = View(claims=view.claims) if view.claims else _NOTHING
        self.mark_if_complete(shard)
        return bool(found)

    def learn_complete(self) -> bool:
        """Read which shards are done as a whole, at the price of one listing; return whether one was news."""
        news = [shard for shard, tasks in self._store.complete() if self._is_news(shard, tasks)]
        for shard in news:
            self._marked.add(shard)
            for index in self.frontier.members[shard]:
                if not self._graph.is_done(index):
                    self.frontier.done(index)
                    self._tally.loaded[self._graph.tasks[index].name] += 1
        return bool(news)

    def mark_if_complete(self, shard: int) -> None:
        """Say so in the store if all tasks of `shard` are done."""
        if not self.frontier.left[shard] and shard not in self._marked:
            self._marked.add(shard)
            self._store.mark_complete(shard, self.frontier.digests(shard))

    def released(self, shard: int, key: bytes) -> None:
        """Take note that this worker let a claim go."""
        if view := self._claims.get(shard):
            view.claims.pop(key, None)

    def lost(self, digest: bytes) -> None:
        """Take note that a result is gone or damaged: its task must run again."""
        if (index := self._graph.index.get(digest)) is not None and self._graph.is_done(index):
            self._marked.discard(self.frontier.shard[index])
            self.frontier.undone(index)

    def _undone(self, digest: bytes) -> int | None:
        index = self._graph.index.get(digest)
        return None if index is None or self._graph.is_done(index) else index

    def _is_news(self, shard: int, tasks: str) -> bool:
        if shard in self._marked or not self.frontier.left[shard]:
            return False
        return set_name(self.frontier.digests(shard)) == tasks

    def _learn_failure(self, digest: bytes, first: bool) -> None:
        index = self._graph.index.get(digest)
        if index is None or not self.frontier.is_ready(index):
            return
        if first and self._options.retry_failed:
            self._store.forget_failures([digest])
        elif not self._may_retry(digest):
            self.frontier.failed(index)

    def _may_retry(self, digest: bytes) -> bool:
        """Return whether a task that failed, here or elsewhere, is to be tried again."""
        if not self._options.retries:
            return False
        failure = self._store.failure(digest)
        self.tries[digest] = failure.tries if failure else 0
        return self.tries[digest] <= self._options.retries
