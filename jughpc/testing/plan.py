"""What one seed decides before a history begins: who, what, on which clocks, and in which weather."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from jughpc.store.base import Pace
from jughpc.testing.weather import KINDS, Forecast

_SLOWEST = 0.8  # rate of a clock
MOST_DEATHS = 3  # of which a deadly task fails
_TOGETHER = 0.5  # how often several workers are of one element
VISITORS = ("cleanup", "force", "invalidate", "reader", "damage")


@dataclass(frozen=True)
class Theme:
    """A kind of trouble that belongs together.

    Attributes:
        faults: What may happen to calls; some of it does.
        visitors: Who may come; some do.
        long_stalls: Whether what stands still does so for longer than others wait.
        links: How often hard links are allowed.
        longest: How long the longest task may run [s].
        crowd: How many of a kind may come.
        focus: Where calls may meet more faults than elsewhere.
        hosts: Which host each worker may run on; those on host 0 never die.
        alike: How often a worker cannot tell long tasks from short ones.
        least: How many of the faults happen at the least.
        rates: How many faults a call may meet that changes something.
        looks: What part of that may meet other calls.
        sharp: How many times as many meet what is in focus.
        deadly: How many tasks at most kill whoever runs them.
    """

    faults: tuple[str, ...]
    visitors: tuple[str, ...] = VISITORS
    long_stalls: bool = False
    links: float = 0.75
    longest: tuple[float, ...] = (0.3, 5.0, 120.0)
    crowd: tuple[int, ...] = (1, 4)
    focus: tuple[str, ...] = ("complete/",)
    hosts: tuple[tuple[int, ...], ...] = ((0, 1), (0, 1, 2), (0, 1, 2), (0, 1, 1), (0, 0, 1), (0, 1, 2, 3))
    alike: float = 0.25
    least: int = 1
    rates: tuple[float, ...] = (0.02, 0.05, 0.1)
    looks: tuple[float, ...] = (0.1, 0.5)
    sharp: int = 5
    deadly: int = 0


_CROWDED = ((0, 0, 1), (0, 0, 1, 2), (0, 0, 0, 1))

THEMES = (
    Theme(faults=(), alike=0.7),
    Theme(faults=("slow", "stall", "suspend", "pause"), visitors=("cleanup",), long_stalls=True, longest=(60.0, 150.0)),
    Theme(faults=("slow", "stall"), visitors=(), long_stalls=True, links=0.4, longest=(5.0, 60.0)),
    Theme(faults=("kill", "heartless", "crash"), visitors=("cleanup", "reader"), longest=(5.0, 60.0)),
    Theme(faults=("lost", "unanswered", "late", "repeated", "full", "quota", "stale"), alike=0.5),
    Theme(faults=("unanswered", "kill"), visitors=("invalidate",), longest=(5.0, 30.0), crowd=(1, 2)),
    Theme(faults=("slow", "kill"), visitors=("invalidate", "reader"), longest=(0.3, 5.0), crowd=(4, 12)),
    Theme(
        faults=("kill", "stall"), visitors=("cleanup",), longest=(30.0,), focus=(".claim.",), hosts=_CROWDED, least=2,
        rates=(0.05, 0.1), looks=(1.0,), alike=0.0,
    ),
    Theme(
        faults=("ambush",), visitors=("invalidate",), longest=(0.3, 5.0), crowd=(1,), rates=(0.01,), sharp=50,
    ),
    Theme(
        faults=("ambush",), visitors=("force",), longest=(5.0, 30.0), crowd=(1,), focus=(".claim.",), hosts=_CROWDED,
        rates=(0.01,), sharp=20,
    ),
    Theme(
        faults=("suspend",), visitors=("cleanup",), long_stalls=True, longest=(150.0, 400.0), crowd=(2, 4),
        rates=(0.05, 0.1, 0.2),
    ),
    Theme(
        faults=("stall",), visitors=("cleanup",), long_stalls=True, longest=(400.0,), focus=(".claim.",),
        rates=(0.01, 0.02), looks=(1.0,), sharp=10,
    ),
    Theme(
        faults=("kill", "ambush"), visitors=("cleanup",), longest=(60.0,), crowd=(1,), focus=(".claim.",),
        hosts=((0, 0, 0, 1), (0, 0, 0, 1, 1)), least=2, rates=(0.1,), looks=(1.0,), sharp=4, alike=0.0,
    ),
    Theme(
        faults=("oversleep",), visitors=("anew",), long_stalls=True, longest=(30.0, 400.0), crowd=(1,),
        focus=("shards/",), rates=(0.01, 0.02), sharp=10, alike=0.0,
    ),
    Theme(faults=tuple(KINDS)),
    Theme(faults=("slow", "heartless"), visitors=("cleanup", "reader"), longest=(0.3, 5.0, 30.0), deadly=2),
)  # fmt: skip


@dataclass(frozen=True)
class SimTask:
    """A task of a simulated world.

    Attributes:
        digest: Its id; the first bits choose its shard.
        seconds: How long it runs [true s].
        needs: The tasks whose values go into its own.
        deadly: Whether it kills whoever runs it, each time.
    """

    digest: bytes
    seconds: float
    needs: tuple[SimTask, ...] = ()
    deadly: bool = False

    @property
    def can_be_done(self) -> bool:
        """Whether it and all that it needs give a result."""
        return not self.deadly and all(need.can_be_done for need in self.needs)

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
        mini: Whether workers are in miniature, and claim as chance has it.
        hosts: Which host each worker runs on; those on host 0 never die.
        clocks: Offset [s] and rate of each host's clock; one more than hosts, for visitors.
        alike: Whether all tasks have one name, so that only time tells which is long.
        links: Whether hard links are allowed.
        lag: For so long a read may show what it showed before [s].
        bits: Shards of the store.
        visitors: Who else comes, and when [s].
        ambush: Who comes whenever somebody is ambushed.
        together: Whether the workers on a host are of one element: one process beats for all, and who dies is replaced.
    """

    seed: int
    tasks: tuple[SimTask, ...]
    mini: bool = True
    hosts: tuple[int, ...] = (0, 1)
    clocks: tuple[tuple[float, float], ...] = ((0.0, 1.0),) * 4
    alike: bool = False
    links: bool = True
    lag: float = 0.0
    bits: int = 1
    pace: Pace = field(default_factory=Pace)
    forecast: Forecast = field(default_factory=Forecast)
    visitors: tuple[tuple[str, float], ...] = ()
    ambush: str = "cleanup"
    together: bool = False

    @property
    def fair(self) -> bool:
        """Whether nothing at all goes wrong in this world."""
        return not self.forecast.rate and not self.visitors and not self.deadly

    @property
    def deadly(self) -> tuple[SimTask, ...]:
        """The tasks that kill whoever runs them."""
        return tuple(task for task in self.tasks if task.deadly)

    @property
    def only_deaths(self) -> bool:
        """Return whether nothing goes wrong but that workers and hosts die."""
        return set(self.forecast.kinds) <= {"kill", "crash"} and self.comers <= {"cleanup", "reader"}

    @property
    def patience(self) -> float:
        """Return by when all is done after the last death: ttl + lag + the work, and what waiting itself takes [s].

        That is, for each task, a pause between two looks and the calls of a claim; by clocks that may be slow.
        """
        waiting = len(self.tasks) * (self.pace.beat + 20 * self.forecast.latency)
        return (self.pace.ttl + self.lag + waiting) / _SLOWEST + self.work

    @property
    def comers(self) -> set[str]:
        """Return who else may come."""
        comes = {"ambush", "oversleep"} & set(self.forecast.kinds)
        return {kind for kind, _ in self.visitors} | ({self.ambush} if comes else set())

    @property
    def work(self) -> float:
        """What all tasks take one after the other [s]."""
        return sum(task.seconds for task in self.tasks)


def draw(seed: int) -> Plan:
    """Return the plan of a seed."""
    rng = random.Random(seed)
    theme = THEMES[seed % len(THEMES)]
    hosts = rng.choice(theme.hosts)
    pace = rng.choice([Pace(), Pace(10.0, 20.0, 65.0)])
    alike = rng.random() < theme.alike
    longest = rng.choice(theme.longest)
    lengths, most = ((0.0, 0.0, 0.0, 60.0), 12) if alike or theme.deadly else ((0.0, longest / 10, longest), 8)
    tasks = _tasks(rng, lengths, most, theme.deadly)
    return Plan(
        seed=seed,
        tasks=tasks,
        mini=rng.random() < 0.5 and not alike and not theme.deadly,
        hosts=hosts,
        clocks=tuple((rng.uniform(-1e6, 1e6), rng.uniform(_SLOWEST, 2 - _SLOWEST)) for _ in range(len(hosts) + 1)),
        alike=alike,
        links=rng.random() < theme.links,
        lag=rng.choice([0.0, 0.0, pace.lag]),
        bits=rng.choice([0, 1, 1]),
        pace=pace,
        forecast=_forecast(rng, theme, pace, tasks),
        visitors=_visitors(rng, theme, tasks),
        ambush=rng.choice(theme.visitors or ("cleanup",)),
        together=rng.random() < _TOGETHER,
    )


def _tasks(rng: random.Random, lengths: tuple[float, ...], most: int, deadly: int) -> tuple[SimTask, ...]:
    tasks: list[SimTask] = []
    count = rng.randint(2, most)
    doomed = set(rng.sample(range(count), min(deadly, count))) if deadly else set()
    for number in range(count):
        digest = hashlib.blake2b(b"%d" % rng.getrandbits(32), digest_size=15).digest() + bytes([number * number])
        needs = tuple(rng.sample(tasks, rng.randint(1, len(tasks)))) if tasks and rng.random() < 0.3 else ()
        tasks.append(SimTask(digest, rng.choice(lengths), needs, number in doomed))
    return tuple(tasks)


def _forecast(rng: random.Random, theme: Theme, pace: Pace, tasks: tuple[SimTask, ...]) -> Forecast:
    """Return some of the theme's faults, for about as long as the work takes."""
    latency = rng.choice([0.002, 0.02, 0.5])
    if not theme.faults:
        return Forecast(latency=latency)
    short, long = (1.0, pace.beat, pace.late, 2 * pace.ttl), (pace.ttl, 1.5 * pace.ttl, 2 * pace.ttl)
    return Forecast(
        kinds=tuple(rng.sample(theme.faults, rng.randint(theme.least, max(theme.least, min(4, len(theme.faults)))))),
        rate=rng.choice(theme.rates),
        looks=rng.choice(theme.looks),
        until=rng.uniform(1.0, 20.0) + rng.uniform(0.3, 2.0) * sum(task.seconds for task in tasks),
        stalls=long if theme.long_stalls else short,
        latency=latency,
        focus=rng.choice(theme.focus),
        sharp=theme.sharp,
    )


def _visitors(rng: random.Random, theme: Theme, tasks: tuple[SimTask, ...]) -> tuple[tuple[str, float], ...]:
    """Return nobody often, else one or some, while the work may be going on."""
    kinds = rng.sample(theme.visitors, min(rng.choice([0, 1, 1, 2]), len(theme.visitors)))
    last = rng.choice([2.0, 10.0, 2 * sum(task.seconds for task in tasks) + 10.0])
    return tuple((kind, rng.uniform(0.0, last)) for kind in kinds for _ in range(rng.choice(theme.crowd)))
