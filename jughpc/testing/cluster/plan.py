"""What one seed decides before the history of a cluster begins: system, site, tasks, users, mishaps and weather."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from jughpc.config.asks import DEFAULT
from jughpc.testing.cluster.board import Task
from jughpc.testing.cluster.commands import Order
from jughpc.testing.cluster.rules import PBS, SLURM, Rules
from jughpc.testing.cluster.seat import Doom
from jughpc.testing.cluster.spoil import WAYS
from jughpc.testing.cluster.weather import Forecast, Outage

SIGNALS = ("KILL", "INT", "HUP", "TERM")
_POINTS = {"submit": 150, "cancel": 60, "collect": 110, "status": 80, "more": 270}
"""How often these look at files or ask the scheduler, before and after each time."""
_COMMANDS = {"submit": 11, "cancel": 6, "collect": 12, "status": 4, "more": 14}


@dataclass(frozen=True)
class Theme:
    """A kind of trouble that belongs together.

    Attributes:
        faults: What may befall commands.
        rate: Faults per command.
        outages: Of the server: their kinds.
        mishaps: What may befall jobs and nodes.
        hands: What users may type, beside one submit and some looks.
        dies: Whose process may die: `submit`, `cancel`, `collect`.
        signals: Of what.
        fates: Of tasks.
        full: Whether limits are met.
        tight: Whether the user's jobs have about as much room as one submission needs.
        forgets: Whether the system forgets what has ended within seconds.
        bare: Whether some compute nodes have no commands.
        broken: Whether the setup fails on some.
        short: Whether time limits are met.
        waits: Whether who submits waits for the end.
    """

    name: str
    faults: tuple[str, ...] = ()
    rate: float = 0.15
    outages: tuple[str, ...] = ()
    mishaps: tuple[str, ...] = ()
    hands: tuple[str, ...] = ()
    dies: tuple[str, ...] = ()
    signals: tuple[str, ...] = SIGNALS
    fates: tuple[str, ...] = ("well",)
    full: bool = False
    tight: bool = False
    forgets: bool = False
    bare: bool = False
    broken: bool = False
    short: bool = False
    waits: bool = False


_SILENT = ("lost", "slow", "late")
_MISHAPS = ("requeue", "preempt", "node", "memory", "launch", "hold")
_HANDS = ("cancel", "scancel", "scancel one", "submit", "hold")
_EARLY = 250.0  # [s] while a submission goes on, as a rule
_ASKED = ("submit", "more", "again", "resubmit", "submissions")

THEMES = (
    Theme("fair"),
    Theme("submit dies", dies=("submit",)),
    Theme("submit dies in haste", dies=("submit",), fates=("well", "fails"), faults=("late",), rate=0.1),
    Theme("answers are lost", faults=_SILENT, rate=0.25),
    Theme("the server is away", outages=("away", "hangs")),
    Theme("texts", faults=tuple(WAYS), rate=0.25),
    Theme("limits", full=True),
    Theme("forgetting", mishaps=("renumber", "stranger"), forgets=True, fates=("well", "well", "fails")),
    Theme("nodes", mishaps=_MISHAPS, bare=True, broken=True),
    Theme("hands", hands=_HANDS),
    Theme("the collector dies", dies=("collect",), short=True, mishaps=("memory",)),
    Theme("hard tasks", fates=("well", "well", "fails", "kills"), short=True),
    Theme("short of time", short=True, mishaps=("memory",)),
    Theme("submit and cancel die", dies=("submit", "cancel"), hands=("cancel", "submit"), faults=_SILENT, rate=0.1),
    Theme("more", hands=_ASKED, dies=("more", "submit"), faults=("lost",), rate=0.1),
    Theme(
        "more is killed", hands=("more",), dies=("more",), signals=("KILL",), mishaps=("memory", "preempt", "node"),
        fates=("well", "well", "kills"),
    ),
    Theme(
        "a full queue", full=True, hands=("more", "again", "resubmit"), mishaps=("crowd", "crowd", "memory", "preempt"),
        fates=("well", "well", "well", "kills"),
    ),
    Theme("waiting", hands=("scancel",), mishaps=("memory",), forgets=True, waits=True),
    Theme(
        "all", faults=(*_SILENT, *WAYS), rate=0.1, outages=("away", "hangs"), hands=(*_HANDS, *_ASKED),
        mishaps=(*_MISHAPS, "renumber", "stranger"), dies=("submit", "collect", "cancel", "status", "more"),
        fates=("well", "well", "well", "fails", "kills"), bare=True,
    ),
)  # fmt: skip

TIGHT = Theme(
    "no room to hand over", fates=("well", "well", "fails", "kills"), mishaps=("memory", "node"), dies=("collect",),
    short=True, tight=True, broken=True,
)  # fmt: skip
"""Stands for most of what would be fair: so the seeds of all other themes are what they were."""


@dataclass(frozen=True)
class Wish:
    """What a user types.

    Attributes:
        kind: `status`, `cancel`, `submit`, `again` and `more` beside what goes on, `resubmit`, `submissions`; by hand
            `scancel`, `scancel one`, `hold`.
        at: When [s].
        doom: When its process dies.
    """

    kind: str
    at: float
    doom: Doom | None = None


@dataclass(frozen=True)
class Mishap:
    """What befalls a job, a node or the system.

    Attributes:
        kind: One of those of the themes.
        at: When [s].
    """

    kind: str
    at: float


@dataclass(frozen=True)
class Site:
    """The compute nodes.

    Attributes:
        slots: Of each node.
        broken, bare: The numbers of those where setups fail, and of those without commands.
    """

    slots: tuple[int, ...] = (2, 2)
    broken: tuple[int, ...] = ()
    bare: tuple[int, ...] = ()


@dataclass(frozen=True)
class Far:
    """A second system that sees the same disk.

    Attributes:
        slots: Of its one node.
        is_apart: Whether its commands are on no node of the first one.
    """

    system: str
    slots: int
    is_apart: bool


@dataclass(frozen=True)
class Plan:
    """One cluster before its history begins.

    Attributes:
        system: `slurm` or `pbs`.
        collector_dooms: When the first collectors die.
        crowd: Elements of the user's other jobs that are queued before.
        far: The second system, None where there is none.
        ends: When the weather calms and everybody has typed his last [s].
    """

    seed: int
    system: str
    theme: str
    rules: Rules
    site: Site = field(default_factory=Site)
    order: Order = field(default_factory=lambda: Order(4))
    tasks: tuple[Task, ...] = ()
    wishes: tuple[Wish, ...] = ()
    collector_dooms: tuple[Doom | None, ...] = ()
    mishaps: tuple[Mishap, ...] = ()
    forecast: Forecast = field(default_factory=Forecast)
    crowd: int = 0
    ends: float = 1000.0
    far: Far | None = None

    @property
    def hands(self) -> bool:
        """Whether somebody ends or holds jobs on purpose."""
        return any(wish.kind in ("cancel", "scancel", "scancel one", "hold") for wish in self.wishes)


def in_classes(plan: Plan) -> Plan:
    """Return `plan` with tasks of two classes, some of which need one of the other.

    In some what ran out of memory is to get more.
    """
    rng = random.Random(plan.seed)
    kinds = (DEFAULT, "gpus=1")
    tasks: list[Task] = []
    for task in plan.tasks:
        needs = rng.choice([None, *range(len(tasks))])
        tasks.append(replace(task, only=rng.choice(kinds), needs=needs))
    order = replace(plan.order, mem_retry=rng.choice([None, 2.0]))
    return replace(plan, tasks=tuple(tasks), order=order)


def draw(seed: int) -> Plan:
    """Return the plan that belongs to `seed`."""
    rng = random.Random(seed)
    theme = _theme(seed)
    system = ("slurm", "pbs")[seed % 2]
    size = rng.choice([1, 2, 3, 5])
    tasks = tuple(Task(rng.choice([5.0, 40.0, 120.0]), rng.choice(theme.fates)) for _ in range(rng.randint(1, 8)))
    longest = rng.choice([200.0, 400.0]) if theme.short else 3600.0
    order = Order(
        size, throttle=rng.choice([None, None, 1, 2]), walltime=longest, rounds=rng.choice([1, 2]), wait=theme.waits
    )
    ends = rng.choice([400.0, 1000.0, 2500.0])
    crowd = rng.randint(1, 4) if theme.full else 0
    return Plan(
        seed=seed,
        system=system,
        theme=theme.name,
        rules=_tight(seed, size, theme, _rules(rng, theme, system, crowd + size)),
        site=_site(rng, theme),
        order=order,
        tasks=tasks,
        wishes=_wishes(rng, theme, ends),
        collector_dooms=tuple(_doom(rng, theme, "collect") for _ in range(2)),
        mishaps=tuple(
            Mishap(rng.choice(theme.mishaps), rng.uniform(0, ends)) for _ in range(_some(rng, theme.mishaps))
        ),
        forecast=_forecast(rng, theme, ends),
        crowd=crowd,
        ends=ends,
    )


def _some(rng: random.Random, kinds: tuple[str, ...]) -> int:
    return rng.randint(1, 3) if kinds else 0


def _rules(rng: random.Random, theme: Theme, system: str, wanted: int) -> Rules:
    rules = SLURM if system == "slurm" else PBS
    if system == "pbs":
        rules = replace(rules, first_only=rng.random() < 0.5, keep=rng.choice([0.0, 24 * 3600.0, 24 * 3600.0]))
    elif theme.forgets or rng.random() < 0.2:
        rules = replace(rules, keep=5.0)
    rules = replace(rules, accounting=rng.random() < 0.5)
    if rng.random() < 0.2:
        rules = replace(rules, array_size=rng.choice([2, 3]))
    if theme.full:
        bound, whose = max(1, wanted + rng.choice([-1, 0, 1, 2])), rng.choice(["user", "system"])
        rules = replace(rules, user_jobs=bound) if whose == "user" else replace(rules, system_jobs=bound)
    return rules


def _theme(seed: int) -> Theme:
    turn, place = divmod(seed // 2, len(THEMES))
    return TIGHT if THEMES[place].name == "fair" and turn % 4 else THEMES[place]


def _tight(seed: int, size: int, theme: Theme, rules: Rules) -> Rules:
    """Return `rules` with room for the elements, their followers, and up to two jobs more."""
    return replace(rules, user_jobs=size + 2 + seed % 3) if theme.tight else rules


def _site(rng: random.Random, theme: Theme) -> Site:
    slots = rng.choice([(1,), (2, 2), (2, 2, 4), (8,)])
    broken = (0,) if theme.broken and len(slots) > 1 and rng.random() < 0.4 else ()
    bare = tuple(number for number in range(len(slots)) if theme.bare and rng.random() < 0.5)
    return Site(slots, broken, bare)


def _wishes(rng: random.Random, theme: Theme, ends: float) -> tuple[Wish, ...]:
    first = Wish("submit", 0.0, _doom(rng, theme, "submit"))
    again = [Wish("submit", rng.uniform(60.0, ends / 2))] if first.doom and rng.random() < 0.5 else []
    looks = [Wish("status", rng.uniform(0.0, ends), _doom(rng, theme, "status")) for _ in range(rng.randint(0, 3))]
    if first.doom:
        looks.append(Wish("status", rng.uniform(5.0, 60.0)))
    kinds = [rng.choice(theme.hands) for _ in range(_some(rng, theme.hands))]
    whens = [rng.uniform(0.0, _EARLY if kind in _ASKED else ends) for kind in kinds]
    hands = [Wish(kind, when, _doom(rng, theme, kind)) for kind, when in zip(kinds, whens, strict=True)]
    looks += [Wish("status", wish.at + rng.uniform(5.0, 60.0)) for wish in hands if wish.doom]
    return (first, *again, *looks, *hands)


def _doom(rng: random.Random, theme: Theme, kind: str) -> Doom | None:
    """Return when a process dies: as often around its few commands as around all of its calls."""
    if kind not in theme.dies or rng.random() < 0.2:
        return None
    by_commands = rng.random() < 0.5
    return Doom(rng.randrange((_COMMANDS if by_commands else _POINTS)[kind]), rng.choice(theme.signals), by_commands)


def _forecast(rng: random.Random, theme: Theme, ends: float) -> Forecast:
    outages = []
    for kind in theme.outages:
        if rng.random() < 0.7:
            begins = rng.choice([0.0, rng.uniform(0.0, 3.0), rng.uniform(0.0, ends)])
            outages.append(Outage(kind, begins, min(ends, begins + rng.choice([5.0, 60.0, 200.0, 500.0]))))
    kinds = tuple(rng.sample(theme.faults, min(len(theme.faults), rng.randint(1, 3)))) if theme.faults else ()
    return Forecast(kinds, theme.rate, ends, rng.choice([0.02, 0.5]), tuple(outages))
