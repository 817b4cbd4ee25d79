"""Wait out what is wrong with a file system: a worker that holds results does not die of an outage."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import TypeVar

from jughpc import refusals
from jughpc.backoff import Backoff
from jughpc.fs import Clock, RootGoneError
from jughpc.units import show_seconds
from jughpc.worker.stops import AFTER_THIS_TASK, AT_ONCE, Interrupted, Stops
from jughpc.worker.tally import Options, Say

T = TypeVar("T")

CANNOT_PASS = frozenset({
    errno.EFAULT, errno.EINVAL, errno.ENAMETOOLONG, errno.ENOSYS, errno.EISDIR, errno.EXDEV, errno.EFBIG,
    errno.E2BIG, errno.EDOM, errno.ERANGE, errno.EILSEQ, errno.ENOTTY, errno.ESPIPE, errno.EMLINK,
})  # fmt: skip
"""What says that the call itself was wrong, and will be the next time: anything else is the world's, and may pass."""

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # [s]
_TRIES = 3  # of what cannot pass: some file systems say so of what they will do, or show, a moment later


class GivenUpError(Exception):
    """What a worker waited for did not come; it is to end in order.

    Attributes:
        what: What it tried to do, in words.
        error: The last error.
    """

    def __init__(self, what: str, error: OSError) -> None:
        super().__init__(what, error)
        self.what, self.error = what, error

    def __str__(self) -> str:
        return f"this worker cannot {self.what}: {refusals.fact(self.error)}; {refusals.step(self.error)}"


class Patience:
    """Tries again, with growing pauses, until a worker's patience or its time is at an end."""

    def __init__(self, clock: Clock, stops: Stops, say: Say, options: Options) -> None:
        self._clock, self._stops, self._say, self._options = clock, stops, say, options
        self.over()

    def through(self, action: Callable[[], T], what: str, in_hand: bool = False) -> T:
        """Return what `action` does, done again and again while it raises OSError.

        Args:
            what: What it does, in words.
            in_hand: Whether something would be lost: then a signal that asks to stop after this task ends no wait, and
                one that asks to stop at once leaves it one more try.

        Raises:
            GivenUpError: Patience or time is over, or the error cannot pass.
            Interrupted: A signal asked to stop.
        """
        while True:
            try:
                done = action()
            except OSError as error:  # noqa: PERF203  # mostly one try
                self._wait(action, what, error, in_hand)
            else:
                self.over()
                return done

    def over(self) -> None:
        """Take note that it goes well."""
        if (waited := getattr(self, "_since", None)) is not None:
            self._say(f"this worker goes on, after {show_seconds(self._clock.uptime() - waited)}")
        self._since: float | None = None
        self._told, self._tries, self._backoff = "", 0, Backoff(_FIRST_PAUSE, _LONGEST_PAUSE)

    def pause(self, what: str, error: OSError, by: tuple[int, ...] = AT_ONCE + AFTER_THIS_TASK) -> None:
        """Pause before `what` is tried again. Raises GivenUpError, Interrupted."""
        now = self._clock.uptime()
        self._since, self._tries = now if self._since is None else self._since, self._tries + 1
        left = min(self._since + self._options.patience - now, self._options.seconds_left(self._clock.wall()))
        if left <= 0 or (_cannot_pass(error) and self._tries >= _TRIES):
            self._since = None
            raise GivenUpError(what, error) from error
        self._tell(
            f"this worker cannot {what}: {refusals.fact(error)}; trying again", f", for {show_seconds(left)} at most"
        )
        with self._stops.breakable(by):
            self._clock.sleep(min(self._backoff.next(), left))

    def _wait(self, action: Callable[[], object], what: str, error: OSError, in_hand: bool) -> None:
        try:
            self.pause(what, error, AT_ONCE if in_hand else AT_ONCE + AFTER_THIS_TASK)
        except Interrupted:
            self._since = None
            if in_hand:
                _last_try(action, what)
            raise

    def _tell(self, words: str, bound: str) -> None:
        if words != self._told:
            self._told = words
            self._say(words + bound)


def _cannot_pass(error: OSError) -> bool:
    return error.errno in CANNOT_PASS or isinstance(error, RootGoneError)


def _last_try(action: Callable[[], object], what: str) -> None:
    try:
        action()
    except OSError as error:
        raise GivenUpError(what, error) from error
