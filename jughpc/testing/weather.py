"""What befalls the calls of a simulated world: latencies, faults, stalls and deaths, as one seed decides."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from jughpc.testing.stage import Stage

CHANGES = frozenset({"create", "send", "sync", "rewrite", "rename", "link", "remove"})
_LOOKS = frozenset({"read", "map", "names"})
_ANY = CHANGES | _LOOKS | {"sleep"}

KINDS: Mapping[str, frozenset[str]] = {
    "lost": CHANGES | _LOOKS,  # the request: nothing is done, the client gets EIO
    "unanswered": CHANGES,  # the reply: it is done, the client gets EIO
    "late": CHANGES - {"send"},  # the client gets EIO, and then it is done after all
    "repeated": frozenset({"link", "create", "rename"}),  # done, sent again, refused: EEXIST or ENOENT
    "full": frozenset({"create", "send"}),  # ENOSPC
    "quota": frozenset({"sync"}),  # EDQUOT, when part of it is written
    "stale": frozenset({"read", "map"}),  # ESTALE
    "slow": CHANGES | _LOOKS,  # the reply takes its time
    "stall": _ANY,  # this process alone stands still
    "suspend": _ANY,  # the host sleeps, and its monotonic clock with it
    "ambush": frozenset({"create", "link", "rename", "remove"}),  # it stands still, and just then a visitor comes
    "oversleep": frozenset({"rename", "remove"}),  # the host sleeps, and just then a visitor comes
    "pause": CHANGES,  # the server answers nobody
    "kill": _ANY,  # SIGKILL for the worker of this process
    "heartless": _ANY,  # SIGKILL for its beat process
    "crash": _ANY,  # the host is gone
}
"""The kinds of faults, and the calls that each can hit."""

_ERRORS = {
    "lost": errno.EIO,
    "unanswered": errno.EIO,
    "late": errno.EIO,
    "full": errno.ENOSPC,
    "quota": errno.EDQUOT,
    "stale": errno.ESTALE,
}
_AFTER = frozenset({"unanswered", "late", "repeated", "slow"})


@dataclass(frozen=True)
class Forecast:
    """What weather a world has.

    Attributes:
        kinds: The faults that happen; none is fair weather.
        rate: Faults per call that changes something.
        looks: What part of that other calls meet.
        until: After this time nothing happens any more [s].
        stalls: How long something may stand still or be slow [s].
        latency: Mean time of a call [s].
        focus: Paths with this in them meet more faults: what is touched once in a history meets its share.
        sharp: How many times as many.
    """

    kinds: tuple[str, ...] = ()
    rate: float = 0.0
    looks: float = 0.2
    until: float = 0.0
    stalls: tuple[float, ...] = ()
    latency: float = 0.01
    focus: str = "complete/"
    sharp: int = 5


class Weather:
    """Decides, call by call, what befalls it; a simfiles.Fate for all clients of a world.

    Args:
        strike: Does `suspend`, `oversleep`, `ambush`, `kill`, `heartless` or `crash` to who is calling, for so many
            seconds.
    """

    def __init__(
        self, stage: Stage, rng: random.Random, forecast: Forecast, strike: Callable[[str, float], None]
    ) -> None:
        self._stage, self._rng, self._forecast, self._strike = stage, rng, forecast, strike
        self._kinds = {call: [kind for kind in forecast.kinds if call in KINDS[kind]] for call in _ANY}
        self._server_back = 0.0
        self._pending = ""
        self._calm = False

    def before(self, call: str, path: str) -> None:
        self._stage.hold(self._latency() + max(0.0, self._server_back - self._stage.time))
        kind = self._pending = self._kind(call, path)
        if kind and kind not in _AFTER:
            self._befall(kind, path)

    def postpones(self, call: str, path: str, effect: Callable[[], None]) -> bool:
        if self._pending != "late":
            return False
        self._stage.spawn(f"late {call} {path}", lambda: _try(effect), self._stall())
        return True

    def after(self, call: str, path: str) -> None:
        kind, self._pending = self._pending, ""
        if kind == "slow":
            self._stage.hold(self._stall())
        elif kind == "repeated":
            raise OSError(errno.ENOENT if call == "rename" else errno.EEXIST, "sent again, and refused", path)
        elif kind in _ERRORS:
            raise OSError(_ERRORS[kind], kind, path)
        elif self._rng.random() < 0.1:
            self._stage.hold(self._latency())

    def asleep(self) -> None:
        """Let something befall who is about to sleep."""
        if kind := self._kind("sleep", ""):
            self._befall(kind, "")

    def calm(self) -> None:
        """Let nothing befall anybody from now on."""
        self._calm = True

    def _befall(self, kind: str, path: str) -> None:
        self._pending = ""
        if kind in _ERRORS:
            raise OSError(_ERRORS[kind], kind, path)
        if kind == "stall":
            self._stage.hold(self._stall())
        elif kind == "pause":
            self._server_back = self._stage.time + self._stall()
            self._stage.hold(self._server_back - self._stage.time)
        else:
            self._strike(kind, self._stall())

    def _kind(self, call: str, path: str) -> str:
        """Return what befalls this call, "" for nothing, as mostly."""
        if self._calm or self._stage.time > self._forecast.until:
            return ""
        rate = self._forecast.rate if call in CHANGES else self._forecast.rate * self._forecast.looks
        if self._forecast.focus in path:
            rate *= self._forecast.sharp
        kinds = self._kinds.get(call)
        return self._rng.choice(kinds) if kinds and self._rng.random() < rate else ""

    def _latency(self) -> float:
        return self._rng.expovariate(1.0) * self._forecast.latency

    def _stall(self) -> float:
        return self._rng.choice(self._forecast.stalls) * self._rng.uniform(0.5, 1.5)


def _try(effect: Callable[[], None]) -> None:
    with suppress(OSError):  # nobody is there to hear of it
        effect()
