"""Claims by hard link: at most one live worker runs a task, without trusting a clock but one's own.

A claim on `key` is the name ``<key>.claim.<g>``, a second name of the holder's record. No worker
removes another's, only what a user types does: taking over from the dead is one more generation, and the server decides
who makes that name. A fresh listing *after* the link settles all that the view before it missed.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace

from jughpc.fs import Files, LinksRefusedError
from jughpc.store import record
from jughpc.store.base import SHARD, Claim, View
from jughpc.store.files.layout import Layout, claim_path
from jughpc.store.files.liveness import Liveness, read_record, record_path

Look = Callable[[int], View]


class LinkClaims:
    """The claims of one life on a file store; see base.Claims."""

    def __init__(
        self, files: Files, layout: Layout, look: Look, liveness: Liveness, life: str, done_too: bool = False
    ) -> None:
        self._files, self._layout, self._look, self._liveness = files, layout, look, liveness
        self.life, self._done_too = life, done_too

    def take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        if self._is_over(view, key) or self._is_taken(view, shard, key):
            return None, view
        claim = Claim(shard, key, view.top(key), self.life)
        if not claim.generation or not self._is_mine(claim):  # it is if an earlier link succeeded, though it raised
            claim = claim._replace(generation=claim.generation + 1)
            if not self._make(claim):
                return None, self._look(shard)
        return self._settle(claim)

    def release(self, claim: Claim) -> None:
        if claim.life == self.life and self._is_mine(claim):  # a former life's are void, and not ours to touch
            self._files.remove(self._path(*claim[:3]))

    def hand_back(self, claim: Claim) -> None:
        if claim.life == self.life:
            self._files.remove(self._path(*claim[:3]))  # one call to the file server; a look first is four more

    def _settle(self, claim: Claim) -> tuple[Claim | None, View]:
        """Keep `claim` if a listing made after it confirms it, else take it back."""
        view = self._look(claim.shard)
        if self._confirmed(view, claim):
            return claim, view
        self.release(claim)
        return None, view

    def _is_over(self, view: View, key: bytes) -> bool:
        """Return whether `key` is done, so that nobody is to claim it."""
        return key != SHARD and view.has(key) and not self._done_too

    def _is_taken(self, view: View, shard: int, key: bytes) -> bool:
        """Return whether, as far as `view` knows, `key` is somebody else's."""
        return self._is_held(view, shard, key) or (key != SHARD and self._is_held(view, shard, SHARD))

    def _is_held(self, view: View, shard: int, key: bytes) -> bool:
        """Return whether somebody else may hold the highest claim on `key`."""
        return key in view.claims and self._may_live(shard, key, view.top(key))

    def _may_live(self, shard: int, key: bytes, generation: int) -> bool:
        """Return whether a life other than this one may hold that claim."""
        path = self._path(shard, key, generation)
        if self._liveness.proof(path):
            return False
        # Looked at anew: our beat process or a cleanup may have removed ours, and another made it again.
        return self._liveness.life(path) != self.life or self._life_at(shard, key, generation) != self.life

    def _confirmed(self, view: View, claim: Claim) -> bool:
        """Return whether, by a listing made after it, `claim` holds."""
        if self._is_over(view, claim.key) or view.top(claim.key) != claim.generation:
            return False  # done meanwhile, or somebody was faster, or cleanup removed it
        if any(self._may_live(claim.shard, claim.key, g) for g in view.claims[claim.key][:-1]):
            return False  # made while ours was on its way: whoever came first stays
        # Who claims a shard passes over what is claimed singly, if it saw that; we cannot know, so we yield.
        return claim.key == SHARD or not self._is_held(view, claim.shard, SHARD)

    def _make(self, claim: Claim) -> bool:
        path = self._path(*claim[:3])
        self._liveness.forget(path)
        try:
            self._files.link(record_path(self.life), path)
        except LinksRefusedError:
            return self._make_copy(claim)
        except FileExistsError:
            return self._is_mine(claim)  # the reply to our own success may have been lost
        return True

    def _make_copy(self, claim: Claim) -> bool:
        """Make a claim where hard links are refused; return False if others may have taken it for dead, or made it."""
        clock, text = self._liveness.clock, self._copy()
        started = clock.uptime()
        try:
            self._files.write(self._path(*claim[:3]), [text])
        except FileExistsError:
            return self._is_mine(claim)
        if clock.uptime() - started < self._liveness.ttl / 3:
            return True
        self.release(claim)  # it was torn for so long that who watched it may have gone on without us
        return False

    def _copy(self) -> bytes:
        mine = read_record(self._files, record_path(self.life), self.life)
        if mine is None:
            raise OSError(errno.EIO, "the worker's own record is damaged", record_path(self.life))
        return record.encode(replace(mine, copied=True))

    def _is_mine(self, claim: Claim) -> bool:
        return self._life_at(*claim[:3]) == claim.life

    def _life_at(self, shard: int, key: bytes, generation: int) -> str:
        """Return whose claim it is, "" if it is gone."""
        try:
            found = read_record(self._files, self._path(shard, key, generation))
        except FileNotFoundError:
            return ""
        return found.life if found else ""

    def _path(self, shard: int, key: bytes, generation: int) -> str:
        return claim_path(self._layout, shard, key, generation)
