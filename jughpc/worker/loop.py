"""The worker: what to claim next, and how long to wait for what others hold."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator

from jughpc.fs import Clock
from jughpc.store.base import SHARD, Store, View
from jughpc.tasks import hooks
from jughpc.tasks.graph import Graph
from jughpc.worker.frontier import Frontier
from jughpc.worker.knowledge import Knowledge
from jughpc.worker.policy import Policy
from jughpc.worker.runner import Pulse, Runner
from jughpc.worker.tally import Options, Say, Tally
from jughpc.worker.usage import Interrupted, Stops, jitter

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 15.0  # [s] between two looks at what others hold
_BREATH = 0.02  # [s] after news of others: what looked free may be won by them again and again
_SAMPLE = 32  # shards looked at in one poll
_PROBES = 8  # claims of others examined in one poll: each may cost the file server a read
_FRUITLESS = 16  # shards in a row that others had done, before the list of complete ones is read again


class Worker:
    """Works on one load of a jugfile until all is done, nothing can go on, or it is told to stop."""

    def __init__(
        self, graph: Graph, store: Store, pulse: Pulse, clock: Clock, stops: Stops,
        policy: Policy, options: Options, say: Say,
    ) -> None:  # fmt: skip
        self.graph, self.tally = graph, Tally()
        self._store, self._clock, self._stops = store, clock, stops
        self._policy, self._options, self._say, self._pulse = policy, options, say, pulse
        self._frontier = Frontier(graph, store.shard_of)
        self._knowledge = Knowledge(store, self._frontier, options, self.tally)
        self._runner = Runner(store, pulse, clock, stops, self._knowledge, policy, options, self.tally, say)
        self._polls = 0
        self._told_to_stop = False

    def run(self) -> None:
        """Work; what is left undone when this returns, the graph knows."""
        try:
            self._knowledge.learn_complete()
            pause = FIRST_PAUSE
            while self._frontier.ready and not self.stopping():
                if self._pass():
                    pause = FIRST_PAUSE
                elif self._poll():
                    pause = FIRST_PAUSE
                    self._wait(_BREATH)
                else:
                    self._wait(pause)
                    pause = min(pause * 1.5, LONGEST_PAUSE, self._store.pace.beat)
        except Interrupted:
            pass  # the claim was released on the way here
        except hooks.StopWorker:
            self._told_to_stop = True

    def stopping(self) -> bool:
        """Return whether this worker is to end before all is done."""
        return self._told_to_stop or self._runner.stopping() or not self._options.seconds_left(self._clock.wall())

    def _pass(self) -> bool:
        """Run what nobody holds; return whether anything ran or was found done."""
        unfinished = self.graph.unfinished
        for index in self._plan_singles():
            self._single(index)
            self._follow()
        fruitless = 0
        for shard in self._plan_shards():
            before = self.graph.unfinished
            self._shard(shard)
            self._follow()
            fruitless = 0 if self.graph.unfinished < before else fruitless + 1
            if fruitless == _FRUITLESS:
                self._knowledge.learn_complete()
                fruitless = 0
        return self.graph.unfinished != unfinished

    def _plan_singles(self) -> Iterator[int]:
        """Yield ready tasks to be claimed one by one, in the order of definition, from this worker's start."""
        frontier = self._frontier
        if not self._runner.crashed and all(self._is_short(name) for name, count in frontier.kinds.items() if count):
            return
        order = sorted(index for here in frontier.ready.values() for index in here)
        start = int(self._options.start * len(order))
        for index in itertools.chain(order[start:], order[:start]):
            if self.stopping():
                return
            if self._is_for_itself(index):
                yield index

    def _plan_shards(self) -> Iterator[int]:
        order = sorted(self._frontier.ready)
        start = bisect_left(order, int(self._options.start * self._store.shards))
        for shard in order[start:] + order[:start]:
            if self.stopping():
                return
            if shard in self._frontier.ready and shard not in self._runner.crashed:
                yield shard

    def _follow(self) -> None:
        """Go on with what this worker's own results made ready: nobody else knows of it yet."""
        made_ready = self._runner.made_ready
        while made_ready and not self.stopping():
            index = made_ready.pop()
            if self._is_for_itself(index):
                self._single(index)
            elif self._frontier.is_ready(index):
                self._shard(self._frontier.shard[index])

    def _single(self, index: int) -> None:
        shard = self._frontier.shard[index]
        view = self._knowledge.claims(shard)
        in_a_shard = SHARD in view.claims and shard not in self._runner.crashed
        if self.graph.digests[index] not in view.claims and not in_a_shard:
            self._runner.single(index, view)

    def _shard(self, shard: int) -> None:
        view = self._knowledge.claims(shard)
        if SHARD not in view.claims and shard in self._frontier.ready:
            self._runner.shard(shard, view)

    def _is_short(self, name: str) -> bool:
        return self._policy.is_short(name, len(self._frontier.ready))

    def _is_for_itself(self, index: int) -> bool:
        """Return whether to claim this task by itself, now."""
        if not self._frontier.is_ready(index):
            return False
        name = self.graph.tasks[index].name
        if self._is_short(name) and self._frontier.shard[index] not in self._runner.crashed:
            return False
        return self._policy.fits(name, self._options.seconds_left(self._clock.wall()))

    # what others hold

    def _poll(self) -> bool:
        """Look at what this worker waits for, and take over from the dead; return whether there is news."""
        unfinished = self.graph.unfinished
        shards = sorted(self._frontier.ready)
        if len(shards) > _SAMPLE:
            self._knowledge.learn_complete()
        probes = _PROBES
        for shard in self._rotated(shards)[:_SAMPLE]:
            view = self._knowledge.look(shard)
            probes -= self._probe(shard, view, probes)
            if self.stopping():
                break
        self._follow()
        return self.graph.unfinished != unfinished or self._has_free_task()

    def _rotated(self, order: list[int]) -> list[int]:
        """Return `order` from another start at each poll, so that all have their turn."""
        self._polls += 1
        start = (self._polls * _SAMPLE + int(self._options.start * len(order))) % max(1, len(order))
        return order[start:] + order[:start]

    def _probe(self, shard: int, view: View, most: int) -> int:
        """Try claims of others, whose holders may have died; return how many."""
        if SHARD in view.claims and shard not in self._runner.crashed:
            self._runner.shard(shard, view)
            return 1
        claimed = [i for i in self._frontier.ready.get(shard, ()) if self.graph.digests[i] in view.claims]
        tried = self._rotated(claimed)[:most]
        for index in tried:
            if not self.stopping() and self._frontier.is_ready(index):
                self._runner.single(index, view)
        return len(tried)

    def _has_free_task(self) -> bool:
        for shard, here in self._frontier.ready.items():
            claims = self._knowledge.claims(shard).claims
            if SHARD in claims and shard not in self._runner.crashed:
                continue
            free = (self.graph.tasks[i].name for i in here if self.graph.digests[i] not in claims)
            if any(self._policy.fits(name, self._left()) for name in free):
                return True
        return False

    def _left(self) -> float:
        return self._options.seconds_left(self._clock.wall())

    def _wait(self, pause: float) -> None:
        self._pulse.note("", b"", 0.0)
        with self._stops.breakable():
            self._clock.sleep(pause * jitter())
