"""Who else uses the store while workers work: cleanup, invalidate, readers, and a disk that rots."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from jughpc.app.upkeep.deaths import Witness, write_down
from jughpc.errors import ResultMissingError
from jughpc.store.files.store import FileStore
from jughpc.testing.ground import Ground
from jughpc.testing.hosts import Process

RESULT = re.compile(r"shards/.*(/[0-9a-f]{32}|\.pack)")

Visit = Callable[[Ground, Process, FileStore], None]


def cleanup(world: Ground, visitor: Process, store: FileStore) -> None:
    """Remove the claims of the dead, watching for as long as it takes, and then their records."""
    observer, clock = store.observer(), world.hosts[-1].clock
    end = clock.now() + store.pace.ttl + store.pace.beat
    while clock.now() < end:
        for shard, key, generation in _claims(store):
            holder = store.claimant(shard, key, generation)
            if observer.proof(shard, key, generation) and holder:
                world.referee.looks(visitor)
                now = store.claimant(shard, key, generation)
                if now and now.life == holder.life:
                    write_down(store, Witness(None, ()), shard, key, generation)
                    store.remove_claim(shard, key, generation)
        clock.sleep(store.pace.beat)
    for record in store.records():
        if observer.proof_of(record.life):
            store.forget_life(record.life)


def force(world: Ground, visitor: Process, store: FileStore) -> None:
    """Remove all claims, whoever holds them."""
    world.referee.forces(visitor)
    for shard, key, generation in _claims(store):
        store.remove_claim(shard, key, generation)


def invalidate(world: Ground, visitor: Process, store: FileStore) -> None:
    """Remove a result and all that depends on it; again, until no error says that it was not all done."""
    doomed = {world.rng.choice(world.plan.tasks).digest}
    for task in world.plan.tasks:  # in the order of definition: what is needed comes first
        if any(need.digest in doomed for need in task.needs):
            doomed.add(task.digest)
    with world.referee.removal(doomed):
        while not _succeeds(lambda: store.remove(doomed)):
            world.hosts[-1].clock.sleep(1.0)


def anew(world: Ground, visitor: Process, store: FileStore) -> None:
    """Remove all claims, whoever holds them, and then a result and all that depends on it."""
    force(world, visitor, store)
    invalidate(world, visitor, store)


def reader(world: Ground, visitor: Process, store: FileStore) -> None:
    """Read what is said to be done."""
    for task in world.plan.tasks:
        if not store.missing([task.digest]):
            try:
                if store.get(task.digest) != task.value:
                    world.referee.blame(f"a reader got a wrong value for {task.digest.hex()[:8]}")
            except ResultMissingError:
                if not world.removes:
                    world.referee.blame(f"a reader was told that {task.digest.hex()[:8]} is done, and missed it")


def damage(world: Ground, visitor: Process, store: FileStore) -> None:
    """Flip a bit of a result file where it lies."""
    paths = [path for path in world.disk.paths() if RESULT.fullmatch(path)]
    if paths:
        inode = world.disk.find(world.rng.choice(paths))
        if inode and inode.data:
            world.referee.rot()
            place = world.rng.randrange(len(inode.data))
            inode.data = inode.data[:place] + bytes([inode.data[place] ^ 64]) + inode.data[place + 1 :]


VISITS: dict[str, Visit] = {visit.__name__: visit for visit in (cleanup, force, invalidate, anew, reader, damage)}


def _succeeds(action: Callable[[], object]) -> bool:
    try:
        action()
    except OSError:
        return False
    return True


def _claims(store: FileStore) -> Iterator[tuple[int, bytes, int]]:
    for shard in store.shards_in_use():
        for key, generations in store.look(shard).claims.items():
            for generation in generations:
                yield shard, key, generation
