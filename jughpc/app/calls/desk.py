"""Where an executor's calls wait: they are handed over in batches, a submission each, and get results as these come."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import Any

from jughpc.app.calls import batches, commands
from jughpc.app.calls.batches import Batch, Call
from jughpc.app.calls.future import CallFailedError, CallFuture, CallLostError
from jughpc.app.calls.made import Made
from jughpc.aside import put
from jughpc.backoff import Backoff
from jughpc.config.trust import trust_of
from jughpc.errors import JugError, StoreError, UsageError
from jughpc.fs import Clock, OsFiles, environment, home
from jughpc.store.base import Store, by_shard
from jughpc.store.location import parse

LINGER, LONGEST_LINGER = 0.1, 2.0  # [s] for further calls of the same batch
APART, FARTHEST_APART = 1.0, 60.0  # [s] between two submissions: a cluster is no place for one a call
FIRST_LOOK, LAST_LOOK = 0.1, 10.0  # [s] between two looks at the store
FIRST_POLL, LAST_POLL = 3.0, 30.0  # [s] between two questions whether anybody works on it still


class Desk:
    """The calls of one executor, and the thread that serves them.

    Args:
        folder: The executor's (absolute).
        array, options: Of each submission.

    Attributes:
        made: The calls so far.
    Raises:
        UsageError: The folder holds what is no executor's. TrustError: Others may write it.
    """

    def __init__(self, folder: Path, array: int, options: Mapping[str, Any], clock: Clock) -> None:
        self.folder, self._array, self._options, self._clock = folder, array, options, clock
        commands.words(options)  # what is no option is told at once
        _check_trust(folder)
        self._files, self._jugfile = OsFiles(folder), folder / batches.JUGFILE
        self._location = parse(str(folder / "calls.jugdata"))
        self._opened: Store | None = None
        _lay_out(folder, self._jugfile)
        self._changed = threading.Condition()
        self._new: list[CallFuture[Any]] = []
        self._first = self._latest = 0.0
        self._open: dict[bytes, list[CallFuture[Any]]] = {}
        self._working: dict[bytes, int | None] = {}
        self._batches: dict[int, frozenset[bytes]] = {}
        self.made = Made()
        self._is_closed = False
        self._apart = Backoff(APART, FARTHEST_APART, growth=1.5)
        self._next_submission = self._next_poll = 0.0
        self._look, self._poll = Backoff(FIRST_LOOK, LAST_LOOK, growth=1.3), Backoff(FIRST_POLL, LAST_POLL)

    def take(self, calls: Sequence[Call]) -> list[CallFuture[Any]]:
        """Return the futures of calls that are handed over soon."""
        futures: list[CallFuture[Any]] = [CallFuture(call) for call in calls]
        with self._changed:
            self._latest = self._clock.now()
            if not self._new:
                self._first = self._latest
            self._new += futures
            self.made.add(futures)
            self._changed.notify()
        return futures

    def close(self, drop: bool) -> None:
        """Have the thread end once nothing is open; see `Executor.shutdown`."""
        with self._changed:
            self._is_closed = True
            if drop:
                for future in self._new:
                    future.cancel()
            self._changed.notify()

    def run(self) -> None:
        """Serve until the desk is closed and nothing is open; whatever goes wrong, nobody waits for ever."""
        try:
            while self._wait():
                if ready := self._ready():
                    self._hand_over(ready)
                self._bring()
                self._ask()
        except BaseException as error:
            with self._changed:
                left = [*self._new, *(one for same in self._open.values() for one in same)]
                self._new, self._open = [], {}
            for future in left:
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, JugError):  # which the user can mend, and then call again
                raise

    def _wait(self) -> bool:
        """Wait until there is something to do; return False if there never will be."""
        with self._changed:
            while not (self._new or self._open):
                if self._is_closed:
                    return False
                self._changed.wait()
            self._changed.wait(LINGER if self._new else self._look.next())
            return True

    def _ready(self) -> list[CallFuture[Any]]:
        """Return the calls that are to be handed over now: none while others seem to come, or a batch was just now."""
        with self._changed:
            now = self._clock.now()
            settles = now - self._latest >= LINGER or now - self._first >= LONGEST_LINGER or self._is_closed
            if not self._new or not settles or now < self._next_submission:
                return []
            ready, self._new = self._new, []
        return [future for future in ready if future.set_running_or_notify_cancel()]

    def _hand_over(self, futures: Sequence[CallFuture[Any]]) -> None:
        for future in futures:
            self._open.setdefault(future.digest, []).append(future)
        self._look.reset()
        try:
            failed = self._bring(failures_too=False)  # what failed before is tried again
            wanted = {future.digest: future.call for future in futures if future.digest in self._open}
            claimed = self._claimed(wanted.keys() - failed)
            if unclaimed := [call for digest, call in wanted.items() if digest not in claimed]:
                self._submit(unclaimed)
        except (JugError, OSError) as error:
            for future in futures:
                self._end(future.digest, error)

    def _claimed(self, digests: Set[bytes]) -> set[bytes]:
        """Return those of `digests` on which a submission works; take note of it."""
        shared: dict[int, set[bytes]] = {}
        for number in batches.numbers(self._files):
            if (some := digests & self._digests_of(number)) and (of := batches.submission_of(self._files, number)):
                shared.setdefault(of, set()).update(some)
        found: set[bytes] = set()
        for submission, some in shared.items():
            if self._goes_on(submission):
                self._working |= dict.fromkeys(some, submission)
                found |= some
        return found

    def _digests_of(self, number: int) -> frozenset[bytes]:
        if number not in self._batches:
            self._batches[number] = frozenset()
            with suppress(UsageError):  # damaged
                self._batches[number] = frozenset(call.digest for call in batches.read(self._files, number).calls)
        return self._batches[number]

    def _submit(self, calls: Sequence[Call]) -> None:
        digests = [call.digest for call in calls]
        if (store := self._store()) is not None:
            store.forget_failures(digests)
        number = batches.write(self._files, Batch(_paths(), calls))
        self._batches[number] = frozenset(digests)
        done = commands.submit(self._jugfile, array=min(self._array, len(calls)), **{"again": True, **self._options})
        if done.number is not None:
            batches.mark_submitted(self._files, number, done.number)
        self._working |= dict.fromkeys(digests, done.number)
        self._next_submission = self._clock.now() + self._apart.next()
        self._poll.reset()
        self._next_poll = self._clock.now() + self._poll.next()

    def _bring(self, *, failures_too: bool = True) -> set[bytes]:
        """Give the futures what has come for them; return which calls failed."""
        failed: set[bytes] = set()
        with suppress(OSError, StoreError):  # a file server that is away for a while: looked at again
            if not self._open or (store := self._store()) is None:
                return failed
            for shard, digests in by_shard(store.shard_of, self._open).items():
                view = store.look(shard)
                for digest in digests & view.done:
                    self._settle(store, digest)
                failed |= (digests & view.failed) - view.done
            for digest in failed if failures_too else ():
                if failure := store.failure(digest):
                    self._end(digest, CallFailedError(failure))
        return failed

    def _settle(self, store: Store, digest: bytes) -> None:
        try:
            value = store.get(digest)
            store.assure()
        except StoreError as error:
            self._end(digest, error)
            return
        for future in self._open.pop(digest):
            future.set_result(value)
        self._look.reset()

    def _end(self, digest: bytes, error: Exception) -> None:
        for future in self._open.pop(digest, ()):
            future.set_exception(error)

    def _ask(self) -> None:
        """Give up the calls on which nobody works any more."""
        if not self._open or self._clock.now() < self._next_poll:
            return
        self._next_poll = self._clock.now() + self._poll.next()
        if self._is_gone():
            for digest in list(self._open):
                self._end(digest, CallLostError(f"{self.folder} is gone, and what was called in it"))
        self._working = {digest: number for digest, number in self._working.items() if digest in self._open}
        numbers = set(self._working.values())
        over = {number for number in numbers if number is None or not self._goes_on(number)}
        if over:
            self._bring()  # what came since the last look
        for digest, number in self._working.items():
            if number in over:
                self._end(digest, CallLostError(_LOST.format(number=number, jugfile=self._jugfile)))

    def _is_gone(self) -> bool:
        """Return whether the executor's folder was removed; a file server that is away is no proof of it."""
        try:
            return batches.JUGFILE not in self._files.names("")
        except OSError:
            return False

    def _goes_on(self, number: int) -> bool:
        """Return whether anybody may still work for a submission; True where that cannot be found out."""
        try:
            told = commands.answer("status", str(self._jugfile), "--submission", str(number), "--cached", "--json")
        except JugError:
            return True
        jobs = told["submission"]
        states = [state for state, count in jobs["elements"].items() if count]
        states += [follower["state"] for follower in jobs["followers"].values()]
        return bool(jobs["scheduler_trouble"]) or not {"queued", "running", "unknown"}.isdisjoint(states)

    def _store(self) -> Store | None:
        if self._opened is None:
            self._opened = self._location.find(self._clock)
        return self._opened


_LOST = (
    "submission {number} has ended without it; `jughpc status {jugfile}` shows why. Made again, the call is handed to "
    "another"
)


def _paths() -> list[str]:
    """Return where modules of the user's may lie, beside what is installed."""
    installed = (sys.prefix, sys.base_prefix)
    paths = [Path(path).absolute() for path in sys.path]
    return [str(path) for path in paths if not any(map(path.is_relative_to, installed))]


def _check_trust(folder: Path) -> None:
    trust = trust_of(home(), environment())
    for path in (folder, folder / batches.JUGFILE, folder / batches.FOLDER, folder / "calls.jugdata"):
        trust.check(path)


def _lay_out(folder: Path, jugfile: Path) -> None:
    """Make the folder, with its jugfile in it. Raises UsageError, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        text = jugfile.read_text(errors="replace")
    except FileNotFoundError:
        put(jugfile, batches.TEXT)
        return
    if batches.MARK not in text:
        raise UsageError(f"{jugfile} is none of an executor's: choose another name than {folder.name}")
