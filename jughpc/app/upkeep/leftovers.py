"""Remove what nobody reads any more from a jugdir: what was left half-way, old records, old manifests, old marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from jughpc.app.context import manifest
from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.fs import Files
from jughpc.store import location as stores
from jughpc.store.files.layout import set_name
from jughpc.store.files.leftovers import abandoned, set_aside
from jughpc.store.files.liveness import WORKERS
from jughpc.store.files.store import ENDED, FileStore
from jughpc.store.record import ALIVE

COMPLETE = "complete"


@dataclass(frozen=True)
class Tidied:
    """How many files were removed.

    Attributes:
        temporary: Files that were on their way when their writer died.
        damaged: Damaged result files that were set aside.
        manifests: Of former versions of the jugfile.
        records: Of workers that ended well, and that no status speaks of any more.
        marks: That said more than is true, or were of a former version of the jugfile.
    """

    temporary: int
    damaged: int
    manifests: int
    records: int
    marks: int


def tidy(target: Target, store: FileStore, tasks: Iterable[bytes], own: str) -> Tidied:
    """Remove what nobody reads any more, whoever works here meanwhile.

    Args:
        tasks: The digests of all tasks of the jugfile.
        own: The life in whose name this is done.
    """
    files = stores.folder_of(target.jugdir)
    assert files is not None, "a file store lies in a folder"
    living = _living(store) - {own}
    shards = [store.folder(shard) for shard in store.shards_in_use()]
    return Tidied(
        temporary=sum(_remove(files, place, abandoned(files.names(place), living)) for place in _places(shards)),
        damaged=sum(_remove(files, shard, set_aside(files.names(shard))) for shard in shards),
        manifests=_remove(files, manifest.FOLDER, manifest.outdated(files, target.jugfile, target.args)),
        records=_remove(files, WORKERS, _forgotten(target, store)),
        marks=_correct_marks(store, set(tasks)),
    )


def _places(shards: list[str]) -> Iterator[str]:
    yield from ("", COMPLETE, manifest.FOLDER, *shards)


def _remove(files: Files, folder: str, names: Iterable[str]) -> int:
    names = list(names)
    for name in names:
        files.remove(f"{folder}/{name}" if folder else name)
    return len(names)


def _living(store: FileStore) -> set[str]:
    """Return the lives that may go on, as far as can be known without waiting."""
    judge = store.judge()
    alive = (record.life for record in store.records() if record.state == ALIVE)
    return {life for life in alive if not judge.proof(store.record_path(life))}


def _forgotten(target: Target, store: FileStore) -> list[str]:
    """Return the records of workers that ended well, but for those of the latest submission, which status shows."""
    jobs, ended = submitted.find(target.jugdir, ask=False), store.ended()
    shown = submitted.of_elements(jobs, ended) if jobs else set()
    return [life + ENDED for life in ended if life not in shown]


def _correct_marks(store: FileStore, tasks: set[bytes]) -> int:
    """Take back marks that are not true of the shards' tasks, or not of these tasks; return how many."""
    members, missing, before = _by_shard(store, tasks), store.missing(tasks), store.complete()
    true = {(shard, set_name(digests)) for shard, digests in members.items() if not digests & missing}
    doubtful = {shard for shard, _ in before - true}
    store.unmark_complete(doubtful)
    for shard in doubtful.intersection(shard for shard, _ in before & true):
        store.mark_complete(shard, members[shard])  # one of its marks was right
    return len(before - true)


def _by_shard(store: FileStore, tasks: set[bytes]) -> Mapping[int, set[bytes]]:
    members: dict[int, set[bytes]] = {}
    for digest in tasks:
        members.setdefault(store.shard_of(digest), set()).add(digest)
    return members
