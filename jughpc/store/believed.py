"""Whether marks are to be believed: a purge, or somebody by hand, may have removed the results that they promise."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace

from jughpc.store.base import Store, View

LOOKS = 32  # shards that a look draws by lot: of one in ten that lost something, 97 of 100 looks see one


@dataclass(frozen=True)
class Broken:
    """A shard that is not done, though a mark said so.

    Attributes:
        view: What a look showed.
        gone: The results that are not there; none if somebody took the mark back meanwhile, as who removes them does.
    """

    view: View
    gone: Set[bytes]


def broken(
    store: Store, marks: Mapping[int, str], tasks: Callable[[int], Set[bytes]], looks: int | None = LOOKS
) -> dict[int, Broken]:
    """Return those of the shards in `marks` that lack results; their marks are taken back, where that is allowed.

    It costs a listing of the shards that there are, and a look at `looks` of them. A purge takes many files at once:
    where one shard lacks something, all are looked at.

    Args:
        marks: The names of task sets by shard, as `complete` tells them.
        tasks: Returns the task set of a shard.
        looks: How many are drawn by lot, None for all.
    """
    found = dict(_lacking(store, _chosen(store, marks, looks), tasks))
    if not found:
        return {}
    found |= _lacking(store, sorted(marks.keys() - found.keys()), tasks)
    still = store.complete()  # who removes results on purpose takes the mark back before
    false = {shard for shard in found if (shard, marks[shard]) in still}
    with suppress(OSError):  # who may only read sees it all the same
        store.unmark_complete(false)
    return {shard: one if shard in false else replace(one, gone=frozenset()) for shard, one in found.items()}


def told(results: int, shards: int) -> str:
    """Return in words that results are gone, "" if none are."""
    if not results:
        return ""
    what = "1 result is" if results == 1 else f"{results} results are"
    where = "1 shard" if shards == 1 else f"{shards} shards"
    return (
        f"{what} gone, in {where} that had them: removed by hand, by a purge of old files, or by a server that "
        "forgets. `jughpc execute` or `jughpc submit` computes them again."
    )


def _chosen(store: Store, marks: Mapping[int, str], looks: int | None) -> Sequence[int]:
    if looks is None or len(marks) <= looks:
        return sorted(marks)
    without_folder = sorted(marks.keys() - set(store.shards_in_use()))
    return [*without_folder[:1], *random.sample(sorted(marks), looks)]


def _lacking(store: Store, shards: Sequence[int], tasks: Callable[[int], Set[bytes]]) -> Iterator[tuple[int, Broken]]:
    for shard in shards:
        view = store.look(shard)
        if gone := view.lacking(tasks(shard)):
            yield shard, Broken(view, gone)
