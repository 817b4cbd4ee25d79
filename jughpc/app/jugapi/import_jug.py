"""Take over what jug computed: results of the same calls, under our digests, task by task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jughpc.app.context import session as sessions
from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.jugapi.jugfolder import JugFolder, UnreadableError
from jughpc.app.jugapi.jughash import hashes_of
from jughpc.app.status.tasks import COMPOUND
from jughpc.store.resultfile import Encoded, encode
from jughpc.tasks.graph import Graph

_FLUSH_AT = 16 << 20  # [bytes] published at once


@dataclass
class Imported:
    """What was taken over, and what was not; counts by task name.

    Attributes:
        taken: Results that were stored.
        there: Tasks that had a result already.
        absent: Tasks whose result jug's folder does not hold.
        ambiguous: Tasks that share jug's hash with another task, so that the result may be the other's.
        unknown: Tasks whose hash in jug cannot be told.
        unreadable: A line for each file that could not be read.
        unclaimed: Results in jug's folder that are of no task of the jugfile.
    """

    taken: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    ambiguous: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)
    unclaimed: int = 0


def import_jug(site: Site, old: Path, *, empty_is_none: bool = False) -> Imported:
    """Store the results that jug left in `old` for the tasks of `site`; `old` stays as it is.

    A barrier is passed once the results before it are here, and the tasks inside a compound task are gone once its
    own result is.

    Raises:
        JugdirError: `old` holds nothing of jug's.
    """
    folder = JugFolder(old, empty_is_none)
    session = sessions.begin(site)
    taken: Counter[str] = Counter()
    there: Counter[str] | None = None
    claimed: set[bytes] = set()
    while True:
        done = _import(session, folder, claimed)
        taken += done.taken
        there = done.there if there is None else there
        if not done.taken or not (session.jugfile.barrier or done.taken[COMPOUND]):
            break
        session = sessions.again(session)
    sessions.close(session)
    done.taken, done.there, done.unclaimed = taken, there, len(folder.hashes() - claimed)
    return done


def _import(session: Session, folder: JugFolder, claimed: set[bytes]) -> Imported:
    """Take over what one load of the jugfile shows, and add the hashes of its tasks to `claimed`."""
    done, graph = Imported(), Graph(session.jugfile.tasks)
    hashes, there = hashes_of(graph.tasks), folder.hashes()
    missing = session.store.missing(graph.digests)
    shared = {one for one, count in Counter(hashes.values()).items() if count > 1}
    wanted: dict[bytes, bytes] = {}
    for task in graph.tasks:
        old = hashes.get(task.digest)
        if old in there and old not in shared and task.digest in missing:
            wanted[task.digest] = old or b""
        else:
            _why_not(done, task.digest not in missing, old, there, shared)[task.name] += 1
    names = {task.digest: task.name for task in graph.tasks}
    _store(session, _read(folder, wanted, names, done))
    claimed.update(hashes.values())
    return done


def _why_not(done: Imported, is_there: bool, old: bytes | None, there: set[bytes], shared: set[bytes]) -> Counter[str]:
    """Return the count that a task belongs to whose result is not taken over."""
    if is_there:
        return done.there
    if old is None:
        return done.unknown
    return done.ambiguous if old in shared and old in there else done.absent


def _read(
    folder: JugFolder, wanted: Mapping[bytes, bytes], names: Mapping[bytes, str], done: Imported
) -> Iterator[tuple[bytes, Encoded]]:
    for digest, old in wanted.items():
        try:
            encoded = encode(folder.load(old))
        except UnreadableError as error:
            done.unreadable.append(f"{names[digest]}: {error}")
            continue
        done.taken[names[digest]] += 1
        yield digest, encoded


def _store(session: Session, results: Iterator[tuple[bytes, Encoded]]) -> None:
    """Publish results, many of a shard together."""
    shards: dict[int, dict[bytes, Encoded]] = {}
    size = 0
    for digest, encoded in results:
        shards.setdefault(session.store.shard_of(digest), {})[digest] = encoded
        size += encoded.length
        if size > _FLUSH_AT:
            _flush(session, shards)
            size = 0
    _flush(session, shards)


def _flush(session: Session, shards: dict[int, dict[bytes, Encoded]]) -> None:
    for shard, results in shards.items():
        session.store.publish(shard, results, "imported")
    shards.clear()
