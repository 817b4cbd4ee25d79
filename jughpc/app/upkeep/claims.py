"""Free what crashed jobs held: claims whose holder is dead by proof, and nothing else.

Which task killed a worker is written down first: that outlives all cleanup.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from jughpc.app.context import kept
from jughpc.app.context.site import Site
from jughpc.app.status import elements as submitted
from jughpc.app.status.elements import Jobs
from jughpc.app.status.lives import keep
from jughpc.app.upkeep.deaths import Witness, reconsider, write_down
from jughpc.backoff import jitter
from jughpc.batch.clusters import Clusters
from jughpc.errors import JugdirError
from jughpc.fs import Files
from jughpc.store.base import SHARD, Observer, Store
from jughpc.store.record import DIED, Record

_PAUSE = 1.0  # [s] between two looks at claims that are being watched


@dataclass(frozen=True)
class FoundClaim:
    """A claim that was found.

    Attributes:
        shard, key, generation: What it is on.
        task: In words.
        holder: The record behind it, None if that cannot be read.
        proof: Why its holder is dead, "" if it may live.
        removed: Whether it was removed.
    """

    shard: int
    key: bytes
    generation: int
    task: str
    holder: Record | None
    proof: str = ""
    removed: bool = False


def cleanup_claims(
    site: Site, clusters: Clusters, *, force: bool = False, wait: bool = False, observer: Observer | None = None
) -> list[FoundClaim]:
    """Remove the claims of the dead, and their records; return all claims found, the living ones too.

    Args:
        force: Remove all claims, whoever holds them.
        observer: Who has watched them so far.
        wait: Watch those who may live for as long as it takes to see that they stand still.
    Raises:
        JugdirError: There is no store.
    """
    store, clock = _store(site), site.clock
    jobs = submitted.find(site, clusters)
    over = _over(jobs, store)
    observer = observer or store.observer()
    held = [_judged(observer, store, row, over) for row in _find(site, store)]
    end = clock.now() + store.pace.ttl + store.pace.beat
    while wait and not force and clock.now() < end and any(not row.proof for row in held):
        clock.sleep(_PAUSE * jitter())
        held = [row if row.proof else _judged(observer, store, row, over) for row in held]
    _settle(store, jobs, held)
    cleaned = [_removed(store, row) if force or row.proof else row for row in held]
    _forget_dead(site, store, observer, over)
    return cleaned


def settle_deaths(site: Site, jobs: Jobs, observer: Observer | None = None) -> None:
    """Write down which tasks killed the workers that are dead by proof, and take back what the scheduler explains.

    Args:
        observer: Who has watched them so far.
    """
    if store := site.store():
        observer, over = observer or store.observer(), _over(jobs, store)
        _settle(store, jobs, [_judged(observer, store, row, over) for row in _find(site, store)])


def _settle(store: Store, jobs: Jobs | None, held: Iterable[FoundClaim]) -> None:
    witness = Witness.of(jobs, store)
    for row in held:
        if row.proof:
            write_down(store, witness, row.shard, row.key, row.generation)
    reconsider(store, witness)


def _store(site: Site) -> Store:
    store = site.store()
    if store is None:
        raise JugdirError(
            f"there is no store in {site.location}, so nothing is held. Was it made elsewhere? --jugdir DIR"
        )
    return store


def _over(jobs: Jobs | None, store: Store) -> Mapping[str, str]:
    """Return the lives that the scheduler says are over; silence proves nothing."""
    return submitted.dead_by_scheduler(jobs, store.records()) if jobs else {}


def _find(site: Site, store: Store) -> Iterator[FoundClaim]:
    names = _names(site.files)
    for shard in store.shards_in_use():
        for key, generations in store.look(shard).claims.items():
            words = "all short tasks of a shard" if key == SHARD else names.get(key, key.hex())
            for generation in generations:
                yield FoundClaim(shard, key, generation, words, None)


def _names(files: Files | None) -> dict[bytes, str]:
    """Return the names of tasks by digest, as far as a manifest tells them."""
    manifest = kept.of_any(files) if files else None
    if manifest is None:
        return {}
    return {
        digest.tobytes(): f"{manifest.names[kind]} {digest.tobytes().hex()[:8]}"
        for digest, kind in zip(manifest.digests, manifest.kinds, strict=True)
    }


def _judged(observer: Observer, store: Store, row: FoundClaim, over: Mapping[str, str]) -> FoundClaim:
    claim = (row.shard, row.key, row.generation)
    proof, holder = observer.proof(*claim), store.claimant(*claim)
    if not proof and holder and holder.life in over:
        proof = over[holder.life]
    return replace(row, holder=holder, proof=proof)


def _removed(store: Store, row: FoundClaim) -> FoundClaim:
    """Remove a claim, unless it is another's by now."""
    now = store.claimant(row.shard, row.key, row.generation)
    if now is not None and row.holder is not None and now.life != row.holder.life:
        return replace(row, holder=now, proof="")
    store.remove_claim(row.shard, row.key, row.generation)
    return replace(row, removed=True)


def _forget_dead(site: Site, store: Store, observer: Observer, over: Mapping[str, str]) -> None:
    dead = list(_dead(store, observer, over))
    keep(site, dead)
    for record in dead:
        store.forget_life(record.life)


def _dead(store: Store, observer: Observer, over: Mapping[str, str]) -> Iterable[Record]:
    """Yield the records of the dead, each with how it died."""
    for record in store.records():
        if proof := over.get(record.life) or observer.proof_of(record.life):
            yield record if record.state == DIED else replace(record, state=DIED, reason=proof)
