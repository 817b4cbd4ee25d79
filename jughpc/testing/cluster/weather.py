"""What befalls the commands of a simulated cluster, as one seed decides."""

from __future__ import annotations

import random
from dataclasses import dataclass

SUBMITS = frozenset({"sbatch", "qsub"})


@dataclass(frozen=True)
class Outage:
    """A time in which the server does not answer.

    Attributes:
        kind: `away`, nobody listens; `hangs`, requests queue up, and some are taken up when it is back.
        begins, ends: [s].
    """

    kind: str
    begins: float
    ends: float


@dataclass(frozen=True)
class Forecast:
    """What weather a cluster has.

    Attributes:
        kinds: What happens to commands; none is fair weather. Beside the ways to spoil an answer: `lost`, it is done,
            and the answer says otherwise; `slow`, it is done, and the answer takes longer than the client waits;
            `late`, the client gives up, and then it is done.
        rate: Faults per command.
        until: After this time nothing happens any more [s].
        latency: Mean time of a command [s].
    """

    kinds: tuple[str, ...] = ()
    rate: float = 0.0
    until: float = 0.0
    latency: float = 0.05
    outages: tuple[Outage, ...] = ()


class Weather:
    """Decides, command by command, what befalls it."""

    def __init__(self, rng: random.Random, forecast: Forecast) -> None:
        self._rng, self._forecast = rng, forecast
        self._calm = False
        self._lied: dict[str, int] = {}

    def calm(self) -> None:
        """Let nothing befall anybody from now on."""
        self._calm = True

    def outage(self, now: float) -> Outage | None:
        """Return the outage of now, None if the server answers."""
        if self._calm:
            return None
        return next((outage for outage in self._forecast.outages if outage.begins <= now < outage.ends), None)

    def fault(self, command: str, who: str, now: float) -> str:
        """Return what befalls a command of `who`, "" for nothing, as mostly.

        Two answers in a row are never both spoiled for one reader: nobody can make sense of what never tells the truth.
        """
        kinds = self._forecast.kinds
        if self._calm or now > self._forecast.until or not kinds:
            return ""
        if self._lied.pop(who, 0) or self._rng.random() > self._forecast.rate:
            return ""
        kind = self._rng.choice(kinds)
        if kind not in ("lost", "slow", "late") or command not in SUBMITS:
            self._lied[who] = 1
        return kind

    def latency(self) -> float:
        """Return how long a command takes [s]."""
        return self._rng.expovariate(1.0) * self._forecast.latency

    def delay(self) -> float:
        """Return how long after its client gave up a late request is taken up [s]."""
        return self._rng.choice([0.5, 1.0, 3.0])
