"""Liveness whether the holder of a claim is dead: by proof only, never by comparing two clocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from jughpc.fs import Clock, Files
from jughpc.store import record
from jughpc.store.base import Seen
from jughpc.store.files.layout import Layout, claim_path
from jughpc.store.record import Record

_T = TypeVar("_T")

IsGone = Callable[[Record], bool]
"""Whether a record's process ran on this very host, and is gone."""


WORKERS = "workers"
ENDED = ".ended"  # behind the name of a life that left nothing behind

_QUICK = 1.0  # [s] between the first looks at a life
_READS = 3  # of a record that seems torn
_MOST = 4096  # lives watched at a time


def record_path(life: str) -> str:
    """Return the path of a life's record."""
    return f"{WORKERS}/{life}"


def read_record(files: Files, path: str, life: str | None = None) -> Record | None:
    """Return the record at `path`, None if that is none; what seems torn is read again, for it may just be rewritten.

    A local file system does not keep who reads and who writes a page apart. Raises FileNotFoundError.

    Args:
        life: As of `record.decode`.
    """
    for _ in range(_READS):
        if found := record.decode(files.read(path, record.LARGEST), life):
            return found
    return None


@dataclass
class _Watch:
    """One life as this observer saw it: its beats, and since when they stand still."""

    beats: int
    since: float  # [s, own clock] when this count had been seen


@dataclass
class _Glance:
    """The last look at one path."""

    life: str
    looked: float  # [s, own clock]
    pause: float  # [s] until the next look is worth its cost


class Liveness:
    """One observer's view of who lives, by the paths of claims and records.

    Args:
        is_gone: Whether a record's process is known to be gone from this host.
        ttl: A life that stood still for so long, while watched, is dead [s].
        patience: Longest time between two looks at the same claim [s].
    """

    def __init__(self, files: Files, clock: Clock, is_gone: IsGone, ttl: float, patience: float) -> None:
        self._files, self.clock, self._is_gone = files, clock, is_gone
        self.ttl, self._patience = ttl, patience
        self._watched: dict[str, _Watch] = {}
        self._glances: dict[str, _Glance] = {}

    def proof(self, path: str, seen: Seen | None = None) -> str:
        """Return the proof that the life behind `path`, a claim or a record, is dead; "" if there is none.

        Args:
            seen: What is there, if it was read just now.
        """
        glance, now = self._glances.get(path), seen.asked if seen else self.clock.now()
        if glance is not None and now - glance.looked < glance.pause:
            return ""  # so soon again the same life would only cost the file server another read
        try:
            claim = seen.record if seen else read_record(self._files, path, _life_of(path))
        except FileNotFoundError:
            self.forget(path)
            return ""  # released since it was listed: only the next listing can tell
        if claim is None:
            return self._torn(path, glance, now)
        self._watched.pop(_torn_life(path), None)
        return self._proof_of(path, claim, now)

    def forget(self, path: str) -> None:
        """Take note that nothing has that name: what has it later is another's."""
        self._glances.pop(path, None)
        self._watched.pop(_torn_life(path), None)

    def life(self, path: str) -> str:
        """Return whose claim `path` was when last looked at, "" if it never was."""
        glance = self._glances.get(path)
        return glance.life if glance else ""

    def holder(self, path: str) -> Record | None:
        """Return the record behind a claim or a record's path, None if it is gone or torn."""
        claim = self._read(path)
        return self._current(claim) if claim else None

    def maker(self, path: str) -> Record | None:
        """Return what a claim itself tells of who made it, None if it is gone or torn."""
        return self._read(path)

    def _proof_of(self, path: str, claim: Record, now: float) -> str:
        found = self._current(claim)
        if found is None:
            return "its record is gone"
        if found.state != record.ALIVE:
            return found.last_words()
        if self._is_gone(found):
            return f"no process {found.pid} on this host any more"
        return self._stillness(path, found.life, found.beats, now)

    def _torn(self, path: str, glance: _Glance | None, now: float) -> str:
        """Return the proof that who made a claim was gone before it was whole.

        Two torn ones under one name look alike: only what is looked at again and again is taken for the same.
        """
        if glance is None or now - glance.looked > 3 * max(self._patience, _QUICK):
            self.forget(path)
        return self._stillness(path, _torn_life(path), 0, now)

    def _stillness(self, path: str, life: str, beats: int, asked: float) -> str:
        """Return the proof that a life stood still for ttl between two looks, "" if it did not."""
        watch = self._watched.get(life)
        if watch is None or watch.beats != beats:
            # Stamped after the read, which may have taken long: the count may be as young as its reply.
            watch = _Watch(beats, self.clock.now())
            _keep(self._watched, life, watch)
        still = asked - watch.since  # and measured from before the read: what it shows is no older
        pause = 0.0 if still > self.ttl else min(self._patience, max(_QUICK, still / 4))
        _keep(self._glances, path, _Glance(life, asked, pause))
        return f"no beat for {still:.0f} s while watched" if still > self.ttl else ""

    def _read(self, path: str) -> Record | None:
        try:
            return read_record(self._files, path, _life_of(path))
        except FileNotFoundError:
            return None

    def _current(self, claim: Record) -> Record | None:
        """Return the record that beats; a claim that is a copy does not. None if it is gone."""
        if not claim.copied:
            return claim
        if claim.life not in self._files.names(WORKERS):
            return None
        return self._read(record_path(claim.life)) or claim


class FolderObserver:
    """Meets base.Observer."""

    def __init__(self, liveness: Liveness, layout: Layout) -> None:
        self._liveness, self._layout = liveness, layout

    def proof(self, shard: int, key: bytes, generation: int) -> str:
        return self._liveness.proof(claim_path(self._layout, shard, key, generation))

    def proof_of(self, life: str, seen: Seen | None = None) -> str:
        return self._liveness.proof(record_path(life), seen)


def _life_of(path: str) -> str | None:
    """Return whose record must be there, None for a claim, which may be anybody's."""
    folder, _, name = path.rpartition("/")
    return name if folder == WORKERS else None


def _torn_life(path: str) -> str:
    return f"torn {path}"


def _keep(memory: dict[str, _T], key: str, value: _T) -> None:
    if key not in memory and len(memory) >= _MOST:
        del memory[next(iter(memory))]  # the oldest; if it still matters it is watched anew
    memory[key] = value
