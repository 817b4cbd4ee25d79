"""What one seed decides before a history begins: who, what, on which clocks, and in which weather."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from jughpc.store.base import Pace
from jughpc.testing.weather import KINDS, Forecast

VISITORS = ("cleanup", "force", "invalidate", "reader", "damage")

_DELAYS = ("lost", "slow", "stall", "suspend", "pause")
_DEATHS = ("kill", "heartless", "crash")
_ERRORS = ("lost", "unanswered", "repeated", "full", "quota", "stale")


@dataclass(frozen=True)
class SimTask:
    """A task of a simulated world.

    Attributes:
        digest: Its id; the first bits choose its shard.
        seconds: How long it runs [true s].
        needs: The tasks whose values go into its own.
    """

    digest: bytes
    seconds: float
    needs: tuple[SimTask, ...] = ()

    @property
    def value(self) -> Any:
        """Its right result."""
        return self.combine([task.value for task in self.needs])

    def combine(self, values: list[Any]) -> Any:
        """Compute the result from the values of what it needs."""
        return {"of": self.digest.hex()[:8], "from": values, "text": "x" * (40 * self.digest[-1])}


@dataclass(frozen=True)
class Plan:
    """One world before its history begins.

    Attributes:
        hosts: Which host each worker runs on; those on host 0 never die.
        clocks: Offset [s] and rate of each host's clock; one more than hosts, for visitors.
        links: Whether hard links are allowed.
        lag: For so long a read may show what it showed before [s].
        bits: Shards of the store.
        visitors: Who else comes, and when [s].
    """

    seed: int
    tasks: tuple[SimTask, ...]
    hosts: tuple[int, ...] = (0, 1)
    clocks: tuple[tuple[float, float], ...] = ((0.0, 1.0),) * 4
    links: bool = True
    lag: float = 0.0
    bits: int = 1
    pace: Pace = field(default_factory=Pace)
    forecast: Forecast = field(default_factory=Forecast)
    visitors: tuple[tuple[str, float], ...] = ()

    @property
    def fair(self) -> bool:
        """Whether nothing at all goes wrong in this world."""
        return not self.forecast.rate and not self.visitors

    @property
    def work(self) -> float:
        """What all tasks take one after the other [s]."""
        return sum(task.seconds for task in self.tasks)


def draw(seed: int) -> Plan:
    """Return the plan of a seed."""
    rng = random.Random(seed)
    hosts = rng.choice([(0, 1), (0, 1), (0, 1, 2), (0, 1, 2), (0, 1, 1), (0, 0, 1), (0, 1, 2, 3)])
    pace = rng.choice([Pace(), Pace(), Pace(10.0, 20.0, 65.0)])
    return Plan(
        seed=seed,
        tasks=_tasks(rng),
        hosts=hosts,
        clocks=tuple((rng.uniform(-1e6, 1e6), rng.uniform(0.8, 1.2)) for _ in range(len(hosts) + 1)),
        links=rng.random() < 0.8,
        lag=rng.choice([0.0, 0.0, pace.lag]),
        bits=rng.choice([0, 1, 1]),
        pace=pace,
        forecast=_forecast(rng, pace),
        visitors=_visitors(rng),
    )


def _tasks(rng: random.Random) -> tuple[SimTask, ...]:
    tasks: list[SimTask] = []
    for number in range(rng.randint(2, 8)):
        digest = hashlib.blake2b(b"%d" % rng.getrandbits(32), digest_size=15).digest() + bytes([number * number])
        needs = tuple(rng.sample(tasks, rng.randint(1, len(tasks)))) if tasks and rng.random() < 0.3 else ()
        tasks.append(SimTask(digest, rng.choice([0.0, 0.0, 0.3, 5.0, 40.0, 120.0]), needs))
    return tuple(tasks)


def _forecast(rng: random.Random, pace: Pace) -> Forecast:
    latency = rng.choice([0.002, 0.02, 0.5])
    if rng.random() < 0.15:
        return Forecast(latency=latency)
    pool = rng.choice([_DELAYS, _DEATHS, _ERRORS, _DELAYS + _DEATHS, tuple(KINDS)])
    return Forecast(
        kinds=tuple(rng.sample(pool, rng.randint(1, min(5, len(pool))))),
        rate=rng.choice([0.01, 0.03, 0.1]),
        until=rng.uniform(1.0, 400.0),
        stalls=(1.0, pace.beat, pace.late, pace.ttl, 2 * pace.ttl),
        latency=latency,
    )


def _visitors(rng: random.Random) -> tuple[tuple[str, float], ...]:
    if rng.random() < 0.5:
        return ()
    return tuple((rng.choice(VISITORS), rng.uniform(0.0, 300.0)) for _ in range(rng.randint(1, 3)))
