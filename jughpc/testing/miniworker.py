"""A worker in miniature: claims singly or by shard as chance has it, and does all that a worker may do."""

from __future__ import annotations

from jughpc.errors import StoreError
from jughpc.store.base import SHARD, Claim, View
from jughpc.store.files.layout import set_name
from jughpc.store.resultfile import Encoded, encode
from jughpc.testing.ground import Ground
from jughpc.testing.hosts import Process
from jughpc.testing.plan import SimTask

_LONGEST_PAUSE = 15.0  # [s]


class MiniWorker:
    """Works until all tasks are done, as far as it knows."""

    def __init__(self, world: Ground, process: Process) -> None:
        self._world, self._process = world, process
        self._store, self._lease, self._clock = process.store, process.lease, process.host.clock
        self._rng = world.rng
        self._claims = self._store.claims(self._lease.record.life)
        self._known: set[bytes] = set()
        self._marked: set[int] = set()
        self._haste = world.rng.choice([0.1, 1.0])  # to say that a shard is complete
        self._members: dict[int, list[SimTask]] = {}
        for task in world.plan.tasks:
            self._members.setdefault(self._store.shard_of(task.digest), []).append(task)

    def run(self) -> None:
        """Work."""
        self._learn_complete()
        pause = 0.2
        while len(self._known) < len(self._world.plan.tasks):
            before = len(self._known)
            for shard in self._rng.sample(list(self._members), len(self._members)):
                if any(task.digest not in self._known for task in self._members[shard]):
                    self._visit(shard)
            if len(self._known) == before:
                self._clock.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
        self._haste = 1.0
        for shard in self._members:
            self._mark_if_complete(shard)

    def _visit(self, shard: int) -> None:
        view = self._learn(shard, self._store.look(shard))
        if len(self._ready(shard)) > 1 and self._rng.random() < 0.5:
            self._by_shard(shard, view)
            return
        for task in self._ready(shard):
            if task.digest not in self._known:
                view = self._singly(shard, task, view)

    def _ready(self, shard: int) -> list[SimTask]:
        known = self._known
        undone = (task for task in self._members[shard] if task.digest not in known)
        return [task for task in undone if all(need.digest in known for need in task.needs)]

    def _singly(self, shard: int, task: SimTask, view: View) -> View:
        claim, view = self._take(shard, task.digest, view)
        if claim:
            try:
                if task.digest not in self._known and (encoded := self._run(task)):
                    self._publish(claim, {task.digest: encoded})
            finally:
                self._let_go(claim)
            self._mark_if_complete(shard)
        return view

    def _by_shard(self, shard: int, view: View) -> None:
        claim, view = self._take(shard, SHARD, view)
        if claim is None:
            return
        results: dict[bytes, Encoded] = {}
        try:
            for task in self._ready(shard):
                if task.digest not in view.claims and (encoded := self._run(task)):
                    results[task.digest] = encoded
            self._publish(claim, results)
        finally:
            self._let_go(claim)
        self._mark_if_complete(shard)

    def _take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        if self._lease.late():
            self._renew()
        claim, view = self._claims.take(shard, key, view)
        self._learn(shard, view)
        return claim, view

    def _let_go(self, claim: Claim) -> None:
        if self._lease.late() or claim.key not in self._known:
            self._claims.release(claim)
        else:
            self._claims.hand_back(claim)  # blindly: what is done no one claims

    def _run(self, task: SimTask) -> Encoded | None:
        try:
            values = [self._store.get(need.digest) for need in task.needs]
            return encode(self._world.run_task(self._process, task, values))
        except StoreError as error:  # an input was removed or damaged
            self._world.trace(f"cannot run: {error}")
            self._known -= self._store.missing([need.digest for need in task.needs])
            return None

    def _publish(self, claim: Claim, results: dict[bytes, Encoded]) -> None:
        """Publish under a claim that may be relied upon; else drop the results, as others may run the tasks."""
        if self._lease.late():
            self._renew()
        elif results:
            self._store.publish(claim.shard, results, claim.life)
            self._known |= results.keys()

    def _renew(self) -> None:
        self._world.trace("is late")
        self._lease.renew("was late")
        self._claims = self._store.claims(self._lease.record.life)

    def _learn(self, shard: int, view: View) -> View:
        self._known |= view.done & {task.digest for task in self._members[shard]}
        self._mark_if_complete(shard)
        return view

    def _learn_complete(self) -> None:
        complete = self._store.complete()
        for shard, members in self._members.items():
            digests = {task.digest for task in members}
            if (shard, set_name(digests)) in complete:
                self._known |= digests
                self._marked.add(shard)

    def _mark_if_complete(self, shard: int) -> None:
        digests = {task.digest for task in self._members[shard]}
        if digests <= self._known and shard not in self._marked and self._rng.random() < self._haste:
            self._marked.add(shard)
            self._store.mark_complete(shard, digests)
