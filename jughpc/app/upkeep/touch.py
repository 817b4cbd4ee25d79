"""Renew the times of all that is needed in a jugdir: for file systems whose old files are deleted."""

from __future__ import annotations

import errno
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from jughpc.app.context import kept, pinned, sources
from jughpc.app.context.site import Site
from jughpc.app.status.tasks import COMPOUND, manifest_of
from jughpc.batch import bundle, submissions
from jughpc.errors import JugdirError
from jughpc.fs import Files
from jughpc.store.base import Store
from jughpc.store.checkpoints import CHECKPOINTS
from jughpc.store.files.charter import STORE
from jughpc.store.files.layout import COMPLETE, SHARDS, claim_name, failure_name, read_listing, result_name
from jughpc.store.files.liveness import ENDED, WORKERS
from jughpc.store.files.measuring import MEASURES
from jughpc.store.record import ElementRef

_CALLS_A_SUBMISSION = 8  # to look whether it lives: listings of its folder, and its record and setup twice
_DEEPEST = 2  # folders below a submission's: where somebody planted links, there is no end to them
_REFUSED = frozenset({errno.EPERM, errno.EACCES})


@dataclass
class Touched:
    """What was done.

    Attributes:
        files: How many files have new times, by what they are.
        calls: Listings and renewals, each a call to the file server or few.
        refused: Paths that this user may not renew, relative to the jugdir.
    """

    files: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    refused: list[str] = field(default_factory=list)


def touch(site: Site) -> Touched:
    """Make all that is needed as young as if it had been read and written now.

    That is the charter, results of tasks of the jugfile, packs, failures, claims, marks, checkpoints, records,
    measures, manifests, sources, and submissions that live, or are the latest. It costs a listing a folder
    and one call a file.

    Raises:
        JugdirError: There is no store, or it is no folder.
    """
    site.location.folder()  # elsewhere nothing is purged by age
    files = site.files
    if (store := site.store()) is None or files is None:
        raise JugdirError(f"there is no store in {site.location}, so there is nothing to touch.")
    hand = _Hand(files)
    hand.renew("store.yaml", [STORE])
    _results(hand, _needed(site))
    hand.renew("marks", hand.paths(COMPLETE))
    hand.renew("checkpoints", _saved(store, site.location.folder()))
    for folder in (kept.FOLDER, sources.FOLDER, pinned.FOLDER, bundle.FOLDER):
        hand.renew("manifests and sources", hand.tree(folder))
    tokens = _submissions(hand, site, files)
    hand.renew("records", [path for path in hand.paths(WORKERS) if _is_needed(path, tokens)])
    hand.renew("measures", hand.paths(MEASURES))
    return hand.done


class _Hand:
    """Lists and renews, and counts."""

    def __init__(self, files: Files) -> None:
        self._files, self.done = files, Touched()

    def paths(self, folder: str) -> list[str]:
        """Return the paths of what lies in a folder."""
        self.done.calls += 1
        return [f"{folder}/{name}" for name in sorted(self._files.names(folder))]

    def tree(self, folder: str, depth: int = _DEEPEST) -> Iterable[str]:
        """Yield the paths of the files in a folder and below: no folder of ours has a dot in its name."""
        for path in self.paths(folder):
            inside: list[str] = []
            if depth and "." not in path.rpartition("/")[2]:
                with suppress(NotADirectoryError):
                    inside = list(self.tree(path, depth - 1))
            yield from inside or [path]

    def renew(self, kind: str, paths: Iterable[str]) -> None:
        """Give these files the present time; what is gone by now is no error."""
        for path in paths:
            self.done.calls += 1
            try:
                self._files.touch(path)
                self.done.files[kind] += 1
            except FileNotFoundError:
                pass
            except OSError as error:
                if error.errno not in _REFUSED:
                    raise
                self.done.refused.append(path)


def _saved(store: Store, root: Path) -> Iterator[str]:
    """Yield what tasks saved, and folders in which none did so far, relative to the jugdir."""
    if own := store.checkpoints:
        for digest in sorted(own.there()):
            saved = [str(path.relative_to(root.absolute())) for path in own.paths(digest)]
            yield from saved or [f"{CHECKPOINTS}/{digest.hex()}"]


def _needed(site: Site) -> Set[bytes] | None:
    """Return the digests of all tasks, None if not all are known."""
    known = manifest_of(site)
    if known.barrier or COMPOUND in known.names:
        return None
    return {digest.tobytes() for digest in known.digests}


def _results(hand: _Hand, needed: Set[bytes] | None) -> None:
    for folder in hand.paths(SHARDS):
        listing = read_listing(path.rpartition("/")[2] for path in hand.paths(folder))
        view, spared = listing.view, set[bytes]() if needed is None else listing.view.done - needed
        singles = map(result_name, view.done - spared)
        claims = (claim_name(key, generation) for key in view.claims for generation in view.claims[key])
        hand.renew("result files", [f"{folder}/{name}" for name in (*singles, *listing.packs)])
        hand.renew("failures and claims", [f"{folder}/{name}" for name in (*map(failure_name, view.failed), *claims)])


def _submissions(hand: _Hand, site: Site, files: Files) -> Set[str]:
    """Renew the submissions that live, or are the latest; return their tokens."""
    folder = site.location.folder()
    latest, every = submissions.latest(files, folder), submissions.every(files, folder)
    live = [one for one in every if submissions.is_live(files, one) or (latest and one.number == latest.number)]
    hand.done.calls += _CALLS_A_SUBMISSION * len(every)
    for one in live:
        hand.renew("submissions", hand.tree(one.path))
    return {one.token for one in live}


def _is_needed(record: str, tokens: Set[str]) -> bool:
    """Return whether a record is of a life that goes on, or of an element of those submissions."""
    life = record.rpartition("/")[2]
    if not life.endswith(ENDED):
        return True
    ref = ElementRef.of_life(life.removesuffix(ENDED))
    return ref is not None and ref.submission in tokens
