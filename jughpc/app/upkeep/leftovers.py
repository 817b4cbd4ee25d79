"""Remove what nobody reads any more from a jugdir: what was left half-way, old records, old manifests, old marks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jughpc.app.context import kept, pinned, sources
from jughpc.app.context.site import Site
from jughpc.app.context.target import Target
from jughpc.app.status import elements as submitted
from jughpc.app.status.lives import keep
from jughpc.app.upkeep.bundles import tidy_bundles
from jughpc.app.upkeep.measures import unneeded
from jughpc.batch import submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.submissions import Submission
from jughpc.fs import Files
from jughpc.store.base import Store, by_shard
from jughpc.store.files.layout import set_name
from jughpc.store.files.leftovers import abandoned
from jughpc.store.record import ALIVE
from jughpc.tasks.graph import Graph


@dataclass(frozen=True)
class Tidied:
    """How many files were removed.

    Attributes:
        temporary: Files that were on their way when their writer died.
        damaged: Damaged result files that were set aside.
        manifests: Of former loads of the jugfile.
        records: Of workers that ended well, and that no status speaks of any more.
        marks: That said more than is true, or were of a former version of the jugfile.
        texts: Of jugfiles and reduces that no submission runs any more, and of functions that no result in use is by.
        bundles: Environments that were packed for nodes of submissions that are over.
        checkpoints: Folders of tasks that are done, whose worker died before it removed them.
        measures: Of workers that ran nothing which is there now.
    """

    temporary: int
    damaged: int
    manifests: int
    records: int
    marks: int
    texts: int = 0
    bundles: int = 0
    checkpoints: int = 0
    measures: int = 0


def tidy(site: Site, clusters: Clusters, store: Store, graph: Graph, own: str) -> Tidied:
    """Remove what nobody reads any more, whoever works here meanwhile.

    Args:
        graph: All tasks of the jugfile.
        own: The life in whose name this is done.
    """
    living = _living(store) - {own}
    swept, files = store.sweep(living), site.files
    unfinished, outdated = _tidy_manifests(files, site.target, living) if files else (0, 0)
    forgotten = _forgotten(site, clusters, store)
    keep(site, store.ended_records(forgotten))
    return Tidied(
        temporary=swept.temporary + unfinished,
        damaged=swept.damaged,
        manifests=outdated,
        records=store.forget_ended(forgotten),
        marks=_correct_marks(store, set(graph.digests)),
        texts=_tidy_texts(site, files, store, graph) if files else 0,
        bundles=tidy_bundles(files, site.location.folder()) if files else 0,
        checkpoints=_tidy_checkpoints(store),
        measures=store.forget_measures(unneeded(store, graph, living)),
    )


def _tidy_manifests(files: Files, target: Target, living: set[str]) -> tuple[int, int]:
    """Remove manifests that were never finished, and those of former versions; return how many of each."""
    unfinished = abandoned(files.names(kept.FOLDER), living)
    outdated = kept.outdated(files, target)
    for name in (*unfinished, *outdated):
        files.remove(f"{kept.FOLDER}/{name}")
    return len(unfinished), len(outdated)


def _tidy_texts(site: Site, files: Files, store: Store, graph: Graph) -> int:
    """Remove texts that were submitted and that nothing runs any more, and functions' texts; return how many."""
    there = files.names(pinned.FOLDER)  # before the records are read: these are written before the texts
    needed = _needed(files, submissions.every(files, site.location.folder()))
    unneeded = [] if needed is None else [key for key in there if pinned.is_key(key) and key not in needed]
    for key in unneeded:
        pinned.unpin(files, site.location.folder(), key)
    versions = sources.outdated(files, store, graph)
    for path in versions:
        files.remove(path)
    return len(unneeded) + len(versions)


def _tidy_checkpoints(store: Store) -> int:
    """Remove what tasks saved on their way that are done; return of how many."""
    if store.checkpoints is None or not (there := store.checkpoints.there()):
        return 0
    return store.checkpoints.remove(there - store.missing(there))


def _needed(files: Files, every: Iterable[Submission]) -> set[str] | None:
    """Return the texts that submissions may still run, None if that cannot be known of one."""
    found = set[str]()
    for one in every:
        if submissions.is_over(files, one):
            continue
        if one.damage:
            return None
        found |= {one.meta.get(name, "") for name in ("text", "reduce_text")}
    return found


def _living(store: Store) -> set[str]:
    """Return the lives that may go on, as far as can be known without waiting."""
    observer = store.observer()
    alive = (record.life for record in store.records() if record.state == ALIVE)
    return {life for life in alive if not observer.proof_of(life)}


def _forgotten(site: Site, clusters: Clusters, store: Store) -> list[str]:
    """Return the workers that ended well, but for those of the latest submission, which status shows."""
    jobs, ended = submitted.find(site, clusters, ask=False), store.ended()
    shown = submitted.of_elements(jobs, ended) if jobs else set()
    return [life for life in ended if life not in shown]


def _correct_marks(store: Store, tasks: set[bytes]) -> int:
    """Take back marks that are not true of the shards' tasks, or not of these tasks; return how many."""
    members, missing, before = by_shard(store.shard_of, tasks), store.missing(tasks), store.complete()
    true = {(shard, set_name(digests)) for shard, digests in members.items() if not digests & missing}
    doubtful = {shard for shard, _ in before - true}
    store.unmark_complete(doubtful)
    for shard in doubtful.intersection(shard for shard, _ in before & true):
        store.mark_complete(shard, members[shard])  # one of its marks was right
    return len(before - true)
