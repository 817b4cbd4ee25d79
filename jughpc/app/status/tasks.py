"""Where a jugfile stands: its tasks by state, the workers that live, and the submission behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from jughpc.app.context import session as sessions
from jughpc.app.context.kept import keep, key_of, latest, load_of
from jughpc.app.context.manifest import Manifest, of_graph
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.errors import UsageError
from jughpc.inode import new_token
from jughpc.store.base import Store, View
from jughpc.store.believed import LOOKS, broken, told
from jughpc.store.files.layout import sum_name
from jughpc.store.lease.identity import is_gone
from jughpc.store.record import ALIVE, Record
from jughpc.tasks.graph import Graph
from jughpc.tasks.jugfile import read
from jughpc.units import show_seconds

COMPOUND = "jug.compound.compound_task_execute"

SLOW = 2.0
"""From when on a look says how long the jugfile took to load [s]."""

FAILED, WAITING, READY, COMPLETE, ACTIVE = range(5)
COLUMNS = ("Failed", "Waiting", "Ready", "Complete", "Active")

Mask = npt.NDArray[np.bool_]


@dataclass
class Standing:
    """How the tasks of a manifest stand.

    Attributes:
        manifest: The tasks.
        state: (N,) FAILED, WAITING, READY, COMPLETE or ACTIVE.
        workers: Lives that go on, as far as this host can know.
        dead: Lives that ended without letting go, by their own record or by this host's process table.
        suspects: The tasks without result that killed workers.
        gone: How many results are gone of each shard whose mark promised them.
        holding: How many of the dead have claims still.
    """

    manifest: Manifest
    state: npt.NDArray[np.uint8]
    workers: list[Record] = field(default_factory=list)
    dead: list[Record] = field(default_factory=list)
    suspects: list[bytes] = field(default_factory=list)
    gone: Mapping[int, int] = field(default_factory=dict)
    holding: int = 0

    @property
    def unfinished(self) -> int:
        """How many tasks have no result."""
        return int(np.count_nonzero(self.state != COMPLETE))

    def count(self, state: int) -> int:
        """Return how many tasks are in `state`."""
        return int(np.count_nonzero(self.state == state))

    def by_name(self) -> dict[str, list[int]]:
        """Return the counts of a task name, one a state."""
        counts = np.zeros((len(self.manifest.names), len(COLUMNS)), np.int64)
        np.add.at(counts, (self.manifest.kinds, self.state), 1)
        return dict(zip(self.manifest.names, counts.tolist(), strict=True))

    def can_go_on(self) -> bool:
        """Return whether anything is left that does not wait for a task that failed."""
        return bool(np.any((self.state == READY) | (self.state == ACTIVE)))

    def has_only_suspects(self) -> bool:
        """Return whether nothing can go on but tasks that killed workers."""
        able = np.flatnonzero((self.state == READY) | (self.state == ACTIVE))
        return {self.manifest.digests[index].tobytes() for index in able} <= set(self.suspects)

    def failed(self) -> list[bytes]:
        """Return the digests of the tasks that failed."""
        return [self.manifest.digests[index].tobytes() for index in np.flatnonzero(self.state == FAILED)]


def manifest_of(site: Site) -> Manifest:
    """Return the tasks of a jugfile, by loading it; those of the latest load if the site's look is to be `cached`.

    What a load brings depends on files, modules, the environment and the time, so no earlier one stands for it. It is
    kept if there is a store. Raises UsageError if nothing is kept, though that was asked for.
    """
    if site.cached:
        return _latest(site)
    begun = site.clock.now()
    session = sessions.peek(site)
    manifest = manifest_in(session)
    if (took := site.clock.now() - begun) > SLOW:
        site.say(
            f"loaded {site.target.jugfile} in {show_seconds(took)}; status, count, graph and failures take --cached"
        )
    return manifest


def manifest_in(session: Session) -> Manifest:
    """Return the tasks of a jugfile that was just loaded, and keep them for looks that are to be `cached`."""
    graph, barrier = Graph(session.jugfile.tasks), session.jugfile.barrier
    manifest, files = of_graph(graph, barrier), session.site.files
    if files is not None and not session.is_new and len(manifest):
        with suppress(OSError):  # who may only read looks, too
            load = load_of(session, manifest.digests.tobytes())
            keep(files, load, manifest.columns, f"look-{new_token()}")
    return manifest


def _latest(site: Site) -> Manifest:
    target, files = site.target, site.files
    found = latest(files, key_of(target, read(target.place))) if files is not None and target.is_there() else None
    if found is None:
        raise UsageError(f"no load of {target.jugfile} as it is now is kept in {site.location}; look without --cached.")
    return found


def standing(site: Site, ended: Mapping[str, str] | None = None, looks: int | None = LOOKS) -> Standing:
    """Look where `site` stands, by one listing a shard that is not complete and one read a worker.

    Args:
        ended: Lives that the scheduler says are over, to a reason; they are not taken for alive.
        looks: How many of the complete shards are looked at all the same, None for all.
    """
    return tell_loss(site, stand(manifest_of(site), site.store(), ended or {}, looks))


def standing_in(session: Session) -> Standing:
    """Look where a jugfile stands that was just loaded."""
    return tell_loss(session.site, stand(manifest_in(session), session.site.store(), {}))


def sure(site: Site, now: Standing) -> Standing:
    """Return `now`, or what a look at all shards shows if it says that all is done: before anything rests on that."""
    return now if now.unfinished else tell_loss(site, stand(now.manifest, site.store(), {}, looks=None))


def tell_loss(site: Site, found: Standing) -> Standing:
    """Say so if results are gone: who looks next finds their tasks to be ready, and no more."""
    if found.gone:
        site.say(told(sum(found.gone.values()), len(found.gone)))
    return found


def stand(
    manifest: Manifest,
    store: Store | None,
    ended: Mapping[str, str],
    looks: int | None = LOOKS,
    records: Sequence[Record] | None = None,
) -> Standing:
    """Return how the tasks of `manifest` stand in `store`, None being one that does not exist yet.

    Args:
        records: Of its lives, if they were read just now.
    """
    if store is None:
        return Standing(manifest, _classified(manifest, *(np.zeros(len(manifest), bool) for _ in range(3))))
    records = store.records() if records is None else records
    dead = {record.life: record for record in records if _is_dead(record, ended)}
    workers = {record.life: record for record in records if record.life not in dead}
    look = _Look(manifest, store, looks)
    for life, index in look.claimed():
        if life in workers:
            look.active[index] = True
            workers[life] = _with_task(workers[life], manifest.name(index))
    running = (bytes.fromhex(record.digest) for record in workers.values() if record.digest)
    for index in look.indices(running):
        look.active[index] = True
    state = _classified(manifest, look.done, look.failed, look.active)
    holding = len(dead.keys() & look.holders()) if dead else 0
    return Standing(manifest, state, list(workers.values()), list(dead.values()), look.suspects(), look.gone, holding)


def _is_dead(record: Record, ended: Mapping[str, str]) -> bool:
    return record.state != ALIVE or is_gone(record) or record.life in ended


def _with_task(record: Record, name: str) -> Record:
    """Return a record that has not beaten since it claimed, with what it claimed."""
    return record if record.task else replace(record, task=name)


class _Look:
    """One look at all shards that are not complete, and at some that are said to be."""

    def __init__(self, manifest: Manifest, store: Store, looks: int | None) -> None:
        count = len(manifest)
        self.done, self.failed, self.active = (np.zeros(count, bool) for _ in range(3))
        self.gone: dict[int, int] = {}
        self._manifest, self._store = manifest, store
        self._members = _by_shard(manifest, store.shards)
        self._views: list[tuple[int, View]] = []
        self._index: dict[bytes, int] = {}
        self._look(looks)

    def indices(self, digests: Iterable[bytes]) -> list[int]:
        """Return where `digests` are, as far as their shards were looked at."""
        return [self._index[digest] for digest in digests if digest in self._index]

    def claimed(self) -> Iterator[tuple[str, int]]:
        """Yield who claims which task singly."""
        for shard, view in self._views:
            for key in view.claims:
                index = self._index.get(key)
                if index is not None:
                    yield self._holder(shard, key, view), index

    def holders(self) -> set[str]:
        """Return the lives that claim anything that is to be run, a shard or a task."""
        over = {shard: view.failed | view.done for shard, view in self._views}
        found = ((shard, key, view) for shard, view in self._views for key in view.claims.keys() - over[shard])
        return {self._holder(*one) for one in found}

    def suspects(self) -> list[bytes]:
        """Return the tasks without result that are known to have killed workers."""
        return sorted(digest for _, view in self._views for digest in view.deaths.keys() - view.done)

    def _holder(self, shard: int, key: bytes, view: View) -> str:
        holder = self._store.claimant(shard, key, view.top(key))
        return holder.life if holder else ""

    def _look(self, looks: int | None) -> None:
        complete, names = self._store.complete(), {shard: self._set_name(shard) for shard in self._members}
        marks = {shard: name for shard, name in names.items() if (shard, name) in complete}
        false = broken(self._store, marks, self._digests, looks)
        self.gone = {shard: len(one.gone) for shard, one in false.items() if one.gone}
        for shard, members in self._members.items():
            if shard in false:
                self._take_in(shard, false[shard].view)
            elif shard in marks:
                self.done[members] = True
            else:
                self._take_in(shard, self._store.look(shard))

    def _take_in(self, shard: int, view: View) -> None:
        members = self._members[shard]
        here = {self._manifest.digests[index].tobytes(): int(index) for index in members}
        self._index.update(here)
        self._views.append((shard, view))
        self.done[[here[digest] for digest in view.done & here.keys()]] = True
        self.failed[[here[digest] for digest in view.failed & here.keys()]] = True

    def _digests(self, shard: int) -> set[bytes]:
        return {self._manifest.digests[index].tobytes() for index in self._members[shard]}

    def _set_name(self, shard: int) -> str:
        members = self._members[shard]
        halves = self._manifest.digests[members].view("<u8").sum(axis=0, dtype=np.uint64)
        return sum_name(len(members), int(halves[0]), int(halves[1]))


def _by_shard(manifest: Manifest, shards: int) -> dict[int, npt.NDArray[np.int64]]:
    """Return the tasks of each shard that has any."""
    first = manifest.digests[:, :2].astype(np.uint16)  # which NumPy sorts by radix, in linear time
    shard = (first[:, 0] << 8 | first[:, 1]) >> np.uint16(16 - (shards - 1).bit_length())
    order = np.argsort(shard, kind="stable")
    starts = np.searchsorted(shard[order], np.arange(shards + 1))
    parts = ((number, order[starts[number] : starts[number + 1]]) for number in range(shards))
    return {number: part for number, part in parts if len(part)}


def _classified(manifest: Manifest, done: Mask, failed: Mask, active: Mask) -> npt.NDArray[np.uint8]:
    waits = manifest.waiting(done)
    state = np.where(waits, WAITING, READY).astype(np.uint8)
    state[active & ~waits] = ACTIVE
    state[failed] = FAILED
    state[done] = COMPLETE
    return state


def in_words(standing: Standing) -> str:
    """Return one line on where it stands, as jug's `status --short` says it."""
    total, active = len(standing.manifest), standing.count(ACTIVE)
    if not standing.unfinished:
        return f"All tasks complete ({total} tasks)."
    waiting = standing.count(WAITING) + standing.count(READY)
    tail = f"({active} active)" if active else "(none active)"
    failed, complete = standing.count(FAILED), standing.count(COMPLETE)
    return f"{waiting} tasks waiting to be run, {failed} failed, {complete} complete, {tail}."
