"""The lives of workers that are over or go on, and what each did: from the store, and from what a cleanup kept of them.

submissions/<number>/lives.<k>.json   lives of the submission's elements whose records were removed: host, tasks done
                                      and failed, and how each ended; all that is told of them later
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from jughpc.app.context.site import Site
from jughpc.batch import submissions
from jughpc.batch.submissions import Submission, to_json
from jughpc.fs import Files
from jughpc.jsonfile import read_json, whole
from jughpc.store.base import Store
from jughpc.store.record import ALIVE, DIED, ENDED, ElementRef, Record

_KEPT = ("host", "done", "failed", "state", "reason")
_NAME = re.compile(r"lives\.([0-9]{1,9})\.json")


@dataclass(frozen=True)
class Life:
    """What a life did.

    Attributes:
        name: Unique for ever.
        submission: The token of its submission, "" by hand.
        done, failed: Tasks that it finished.
        state: Of its record: alive, ended or died.
        reason: Why it died, "" if it did not.
    """

    name: str
    submission: str
    host: str
    done: int
    failed: int
    state: str
    reason: str = ""


def lives(site: Site) -> list[Life]:
    """Return all lives that anything is known of; costs one read for each that has a record."""
    store, files = site.store(), site.files
    known = {life.name: life for life in _recorded(store)} if store else {}
    for submission in submissions.every(files, site.location.folder()) if files else ():
        known = {**_kept(files, submission), **known} if files else known
    return list(known.values())


def keep(site: Site, records: Iterable[Record]) -> None:
    """Keep what the submissions of these lives are shown with, before their records are removed."""
    if (files := site.files) is None:
        return
    found = [_of(record) for record in records if record.submission]
    for submission in submissions.every(files, site.location.folder()):
        if fresh := [life for life in found if life.submission == submission.token]:
            _write(files, submission, fresh)


def _recorded(store: Store) -> Iterator[Life]:
    yield from map(_of, store.records())
    yield from map(_of, store.ended_records(store.ended()))


def _of(record: Record) -> Life:
    reason = (record.reason or "without a word") if record.state == DIED else ""
    return Life(record.life, record.submission, record.host, record.done, record.failed, record.state, reason)


def _write(files: Files, submission: Submission, fresh: Iterable[Life]) -> None:
    rows = {life.name: [getattr(life, key) for key in _KEPT] for life in fresh}
    numbers = [int(match[1]) for name in files.names(submission.path) if (match := _NAME.fullmatch(name))]
    for number in count(max(numbers, default=0) + 1):
        with suppress(FileExistsError):  # another cleanup keeps its own
            files.write(f"{submission.path}/lives.{number}.json", [to_json({"lives": rows})])
            return


def _kept(files: Files, submission: Submission) -> Mapping[str, Life]:
    """Return the lives that were kept of a submission; who reads a name twice counts it once."""
    found = dict[str, Life]()
    for name in filter(_NAME.fullmatch, files.names(submission.path)):
        with suppress(FileNotFoundError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            rows = read_json(files, f"{submission.path}/{name}")["lives"]
            found |= {life: _read(life, submission.token, row) for life, row in rows.items()}
    return found


def _read(name: str, token: str, row: list[object]) -> Life:
    """Return a life as it was kept. Raises ValueError, TypeError if no cleanup wrote it."""
    life = whole(Life, dict(zip(_KEPT, row, strict=True)), name=name, submission=token)
    ref = ElementRef.of_life(name)
    if (
        ref is None
        or ref.submission != token
        or life.state not in (ALIVE, ENDED, DIED)
        or min(life.done, life.failed) < 0
    ):
        raise ValueError(f"{name!r} is no life of this submission")
    return life
