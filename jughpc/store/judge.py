"""Judge whether the holder of a claim is dead: by proof only, never by comparing two clocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jughpc.fs import Clock, Files
from jughpc.store import record
from jughpc.store.record import Record

IsGone = Callable[[Record], bool]
"""Whether a record's process ran on this very host, and is gone."""


WORKERS = "workers"

_QUICK = 1.0  # [s] between the first looks at a life
_MOST = 4096  # lives watched at a time


def record_path(life: str) -> str:
    """Return the path of a life's record."""
    return f"{WORKERS}/{life}"


@dataclass
class _Watch:
    """One life as this observer saw it: its beats, and how long they have stood still."""

    life: str
    beats: int
    since: float  # [s, own clock] when this count was first seen
    looked: float  # [s, own clock]


class Judge:
    """One observer's view of who lives.

    Args:
        is_gone: Whether a record's process is known to be gone from this host.
        ttl: A life that stood still for so long, while watched, is dead [s].
        patience: Longest time between two looks at the same life [s].
    """

    def __init__(self, files: Files, clock: Clock, is_gone: IsGone, ttl: float, patience: float) -> None:
        self._files, self._clock, self._is_gone = files, clock, is_gone
        self._ttl, self._patience = ttl, patience
        self._watched: dict[str, _Watch] = {}

    def proof(self, path: str) -> str:
        """Return the proof that the life behind `path`, a claim or a record, is dead; "" if there is none."""
        watch = self._watched.get(path)
        now = self._clock.now()
        if watch is not None and now - watch.looked < self._pause(watch, now):
            return ""  # so soon again the same life would only cost the file server another read
        return self._look(path, watch, now)

    def life(self, path: str) -> str:
        """Return whose claim `path` was when last looked at, "" if it never was."""
        watch = self._watched.get(path)
        return watch.life if watch else ""

    def holder(self, path: str) -> Record | None:
        """Return the record behind a claim or a record's path, None if it is gone or torn."""
        claim = self._read(path)
        return self._current(claim) if claim else None

    def _pause(self, watch: _Watch, now: float) -> float:
        """Return the time between two looks [s]: short at first, for who has just died says so."""
        return min(self._patience, max(_QUICK, (now - watch.since) / 4))

    def _look(self, path: str, watch: _Watch | None, now: float) -> str:
        claim = self._read(path)
        if claim is None:
            return ""  # torn, or released since it was listed: only the next listing can tell
        found = self._current(claim)
        if found is None:
            return "its record is gone"
        if found.state != record.ALIVE:
            return f"its record says that it {found.state}" + (f": {found.reason}" if found.reason else "")
        if self._is_gone(found):
            return f"no process {found.pid} on this host any more"
        if watch is None or (watch.life, watch.beats) != (found.life, found.beats):
            self._watch(path, _Watch(found.life, found.beats, now, now))
            return ""
        watch.looked = now
        still = now - watch.since
        return f"no beat for {still:.0f} s while watched" if still > self._ttl else ""

    def _watch(self, path: str, watch: _Watch) -> None:
        if len(self._watched) >= _MOST:
            del self._watched[next(iter(self._watched))]  # the oldest; if it still matters it is watched anew
        self._watched[path] = watch

    def _read(self, path: str) -> Record | None:
        try:
            return record.decode(self._files.read(path))
        except FileNotFoundError:
            return None

    def _current(self, claim: Record) -> Record | None:
        """Return the record that beats; a claim that is a copy does not. None if it is gone."""
        if not claim.copied:
            return claim
        if claim.life not in self._files.names(WORKERS):
            return None
        return self._read(record_path(claim.life)) or claim
