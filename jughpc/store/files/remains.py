"""What is left of a jugdir whose charter is gone, and what that tells of how it was laid out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from jughpc.errors import JugdirError
from jughpc.fs import Files
from jughpc.store import resultfile
from jughpc.store.base import SHARD, Pace
from jughpc.store.checkpoints import CHECKPOINTS
from jughpc.store.files.layout import COMPLETE, MOST_BITS, SHARDS, Layout, read_listing, read_marker
from jughpc.store.files.liveness import ENDED, WORKERS
from jughpc.store.record import LARGEST, Record, decode
from jughpc.store.resultfile import DamagedError

FOLDERS = frozenset(
    {WORKERS, SHARDS, COMPLETE, CHECKPOINTS, "manifest", "sources", "jugfiles", "submissions", "measures"}
)

_SHARD = re.compile(r"[0-9a-f]{1,4}")
_OURS: dict[str, Callable[[str], object]] = {
    SHARDS: _SHARD.fullmatch,
    COMPLETE: read_marker,
    WORKERS: re.compile(r"[A-Za-z0-9_-]+-[0-9]+-[0-9a-f]{8}(\.ended)?").fullmatch,
    "manifest": re.compile(r"[0-9a-f]{32}\.[0-9]+\.npz").fullmatch,
}
"""How the names in those folders look that nobody else would call so."""

_FOLDERS_READ = 256  # in which results are looked for: one tells all, unless its number begins with zeros
_RECORDS_READ = 64
_STEADY = 4  # beats after which the pace of a life shows
_SLOWER = 1.5  # times the pace: more than a busy machine does
_AMPLE = 2.5  # more than the least that a pace must allow, see Pace

Evidence = tuple[str, bytes]
"""The name of a shard's folder, and a digest in it."""


def remains(files: Files, names: Iterable[str]) -> list[str]:
    """Return which folders of a jugdir there are among `names`; none unless what is in them looks so, too."""
    found = sorted(FOLDERS.intersection(names))
    telling = any(any(map(_OURS[folder], files.names(folder))) for folder in found if folder in _OURS)
    return found if telling or len(found) > 2 else []


def layout_of(files: Files, likely: int) -> Layout:
    """Return the layout that all that is left agrees with: folders of shards, digests in them, and marks.

    Args:
        likely: The bits to take if they are among several that agree; whatever agrees finds each result that is left.
    Raises:
        JugdirError: None does.
    """
    folders = {name for name in files.names(SHARDS) if _SHARD.fullmatch(name)}
    marked = {name.partition(".")[0] for name in files.names(COMPLETE) if read_marker(name)}
    seen = list(_digests(files, folders))
    for named in (folders | marked, {folder for folder, _ in seen}):  # an empty folder may be anybody's
        if fitting := [bits for bits in range(MOST_BITS + 1) if _fits(Layout(bits), named, seen)]:
            return Layout(likely if likely in fitting else fitting[0])
    raise JugdirError("the folders in shards/ are of several stores: no number of shards fits all. Move others' away.")


def pace_of(files: Files, pace: Pace) -> Pace:
    """Return `pace`, or a slower one if the workers whose records are left beat more slowly than that."""
    names = [name for name in files.names(WORKERS) if _OURS[WORKERS](name)][:_RECORDS_READ]
    found = [record for name in names if (record := _record(files, name)) and record.beats >= _STEADY]
    beat = min(((record.beaten - record.begun) / record.beats for record in found), default=0.0)
    if beat <= _SLOWER * pace.beat:
        return pace
    return Pace(beat, pace.lag, max(pace.ttl, _AMPLE * (beat + pace.lag)))


def _fits(layout: Layout, folders: Iterable[str], seen: Iterable[Evidence]) -> bool:
    names = all(layout.name(int(name, 16)) == name and int(name, 16) < layout.shards for name in folders)
    return names and all(layout.shard_of(digest) == int(name, 16) for name, digest in seen)


def _digests(files: Files, folders: Iterable[str]) -> Iterator[Evidence]:
    """Yield the first and the last digest of each folder that has any: what both fit, those between do."""
    for folder in sorted(folders, reverse=True)[:_FOLDERS_READ]:
        listing = read_listing(files.names(f"{SHARDS}/{folder}"))
        digests = listing.view.done | listing.view.failed | {key for key in listing.view.claims if key != SHARD}
        for pack in listing.packs:
            digests |= _in_pack(files, f"{SHARDS}/{folder}/{pack}")
        if digests:
            yield from ((folder, min(digests)), (folder, max(digests)))


def _record(files: Files, name: str) -> Record | None:
    with suppress(FileNotFoundError):
        return decode(files.read(f"{WORKERS}/{name}", LARGEST), name.removesuffix(ENDED))
    return None


def _in_pack(files: Files, path: str) -> set[bytes]:
    with suppress(FileNotFoundError, DamagedError):
        return set(resultfile.read_digests(files.map(path)))
    return set()
