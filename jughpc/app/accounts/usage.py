"""What elements and nodes used, beside what was asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from jughpc.batch.submissions import Submission
from jughpc.config.asks import DEFAULT, RULES
from jughpc.errors import SettingError
from jughpc.store.measures import Columns, Sums, together
from jughpc.store.record import ElementRef

_WORKERS = "--workers="


@dataclass(frozen=True)
class Asked:
    """What a submission asked for, for each of its elements; None where it left that to the site.

    Attributes:
        size: Elements of its first array.
        workers: Of each element, 1 if they are counted there only.
        time: [s].
        memory: [bytes].
        is_over: Whether nothing of it is queued any more, as far as is on record.
    """

    number: int
    scheduler: str
    created: float
    size: int
    workers: int
    cpus: int | None
    memory: int | None
    time: float | None
    is_over: bool = False

    @property
    def cores(self) -> int:
        """The cores of an element."""
        return self.cpus or self.workers


@dataclass(frozen=True)
class ElementUse:
    """What an element used, from when its first worker began.

    Attributes:
        workers: That it had at a time, at most.
        wall: For how long its workers were there, side by side [s]; of several runs, together.
        busy: For how long they ran tasks, together [s].
        cpu: Processor time [s].
        peak: The most memory of its workers, together [bytes].
    """

    element: int
    host: str
    workers: int
    tasks: int
    failed: int
    wall: float
    busy: float
    cpu: float
    peak: int


@dataclass(frozen=True)
class HostUse:
    """What ran on a node.

    Attributes:
        workers: Lives that measured anything there.
        died: Workers that died there.
        busy, wall: For how long they ran tasks, and were there, together [s].
        pace: How fast the same functions ran here, 1 being the mean of all nodes; 0 if nothing ran.
    """

    host: str
    workers: int
    died: int
    tasks: int
    failed: int
    busy: float
    wall: float
    cpu: float
    pace: float


def asked_of(submission: Submission, *, is_over: bool) -> Asked:
    """Return what `submission` asked for."""
    resources, argv = submission.options.resources, submission.workload.argv
    said = next((word.removeprefix(_WORKERS) for word in argv if word.startswith(_WORKERS)), "")
    return Asked(
        submission.number, submission.scheduler, submission.created, submission.workload.size,
        int(said) if said.isdecimal() else 1, resources.cpus, resources.memory, resources.walltime,
        is_over,
    )  # fmt: skip


@dataclass(frozen=True)
class ClassUse:
    """What the elements of a class used.

    Attributes:
        name: Of the class; "" where all elements are alike.
        asked: What was asked for, for each of them.
        functions: What they ran.
        is_of_processes: Whether their functions start processes of their own, of which nothing was measured.
    """

    name: str
    asked: Asked
    elements: Sequence[ElementUse]
    functions: Mapping[str, Sums]
    is_of_processes: bool = False

    @property
    def is_own(self) -> bool:
        """Whether their functions ask for something of their own."""
        return self.name not in ("", DEFAULT)


def by_class(asked: Asked, lives: Sequence[Columns], only: Mapping[int, str]) -> list[ClassUse]:
    """Return what the elements of each class used.

    Args:
        only: The class of each element; one that it does not tell is of the class "".
    """
    found: dict[str, list[Columns]] = defaultdict(list)
    for life in lives:
        if ref := ElementRef.of_life(life.summary.life):
            found[only.get(ref.element, "")].append(life)
    return [_class(asked, name, some) for name, some in sorted(found.items())]


def _class(asked: Asked, name: str, lives: Sequence[Columns]) -> ClassUse:
    functions = together(life.summary for life in lives)
    try:
        ask = RULES.read((f"*:{name}",))[0].ask if name not in ("", DEFAULT) else None
    except SettingError:  # the record is damaged
        ask = None
    if ask is None:
        return ClassUse("", asked, by_element(lives), functions)
    own = replace(
        asked,
        cpus=asked.cpus if ask.cpus is None else ask.cpus,
        memory=asked.memory if ask.mem is None else ask.mem,
        time=asked.time if ask.time is None else ask.time,
    )
    return ClassUse(name, own, by_element(lives), functions, ask.tasks is not None)


def by_element(lives: Iterable[Columns]) -> list[ElementUse]:
    """Return what each element used, in order; workers by hand are of none."""
    found: dict[int, dict[int, list[Columns]]] = defaultdict(lambda: defaultdict(list))
    for life in lives:
        if ref := ElementRef.of_life(life.summary.life):
            found[ref.element][ref.run].append(life)
    return [_element(number, list(runs.values())) for number, runs in sorted(found.items())]


def by_host(lives: Iterable[Columns], died: Mapping[str, int], functions: Mapping[str, Sums]) -> list[HostUse]:
    """Return what ran on each node, the slowest first.

    Args:
        died: How many workers died, by host.
        functions: What tasks took everywhere.
    """
    found: dict[str, list[Columns]] = defaultdict(list)
    for life in lives:
        found[life.summary.host].append(life)
    every = found.keys() | died.keys()
    return sorted(
        (_host(host, found.get(host, []), died.get(host, 0), functions) for host in every),
        key=lambda one: (one.pace, one.host),
    )


def tasks_of(lives: Iterable[Columns]) -> tuple[int, int, float]:
    """Return how many tasks these ran, how many of them failed, and for how long [s]."""
    sums = [one for life in lives for one in life.summary.functions.values()]
    return sum(one.count for one in sums), sum(one.failed for one in sums), sum(one.wall for one in sums)


def _element(number: int, runs: Sequence[Sequence[Columns]]) -> ElementUse:
    lives = [life for run in runs for life in run]
    tasks, failed, busy = tasks_of(lives)
    return ElementUse(
        number, lives[-1].summary.host, max(map(_at_a_time, runs)), tasks, failed, sum(map(_span, runs)), busy,
        sum(life.summary.cpu for life in lives), max(map(_peak, runs)),
    )  # fmt: skip


def _span(run: Sequence[Columns]) -> float:
    return max(life.summary.until for life in run) - min(life.summary.begun for life in run)


def _at_a_time(run: Sequence[Columns]) -> int:
    """Return how many workers there were at a time: they replace each other, and all begin anew behind a barrier."""
    steps = sorted([(life.summary.begun, 1) for life in run] + [(life.summary.until, -1) for life in run])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def _peak(run: Sequence[Columns]) -> int:
    """Return the memory of the workers that were there at a time; forked ones share some, which counts each time."""
    largest = sorted((life.summary.peak for life in run), reverse=True)
    return sum(largest[: _at_a_time(run)])


def _host(host: str, lives: Sequence[Columns], died: int, functions: Mapping[str, Sums]) -> HostUse:
    tasks, failed, busy = tasks_of(lives)
    usual = Counter[str]()
    for life in lives:
        for name, sums in life.summary.functions.items():
            usual[name] += sums.count
    expected = sum(count * functions[name].mean for name, count in usual.items())
    return HostUse(
        host, len(lives), died, tasks, failed, busy, sum(one.summary.until - one.summary.begun for one in lives),
        sum(one.summary.cpu for one in lives), expected / busy if busy else 0.0,
    )  # fmt: skip
