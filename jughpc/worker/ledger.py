"""What tasks took, as this worker measured it: kept small in memory, and written to the store now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import suppress

from jughpc.fs import Clock
from jughpc.store.base import Store
from jughpc.store.measures import SHORTENED, Long, Measures, Slot, Summary, Sums, encode
from jughpc.store.record import Record
from jughpc.usage import Meter, NoMeter

FIRST, BEATS = 5.0, 4  # [s] to the first time that it is written; then it is so many beats
LONG = 0.1  # [s] a task of less is counted, but not kept one by one
MOST_TASKS, MOST_SLOTS = 2000, 600  # kept of a life, in 150 KiB


class Ledger:
    """What the tasks of one worker took.

    Of more tasks than MOST_TASKS only the longest are kept one by one, and of a long time coarser stretches: it
    takes the same room whatever a worker does.

    Args:
        meter: Tells what this process uses.
        writes: Whether others are to see it.
    """

    def __init__(self, clock: Clock, meter: Meter | None = None, *, writes: bool = True) -> None:
        self._clock, self._meter, self._writes = clock, meter or NoMeter(), writes
        self._begun, self._origin, self._due = clock.wall(), clock.uptime(), clock.now() + FIRST
        self._functions: dict[str, Sums] = {}
        self._grain, self._slots = 1.0, dict[tuple[str, int], list[float]]()
        self._tasks: list[Long] = []
        self._long, self._peak, self._cpu, self._news = LONG, 0, 0.0, False
        self._first: Record | None = None

    def begin(self) -> None:
        """Take note that tasks begin: what the process uses from now on is theirs."""
        before = self._meter.read()
        self._peak, self._cpu = max(self._peak, before.peak), before.cpu
        self._meter.begin()

    def single(self, name: str, digest: bytes, start: float, *, failed: bool) -> None:
        """Take note that a task that began with the last `begin`, at `start` by the host's uptime [s], ended now."""
        wall, (cpu, peak) = max(0.0, self._clock.uptime() - start), self._used()
        self._sums(name).add([wall], cpu, peak, int(failed))
        self._count(name, start + wall, start + wall, 1, wall)
        self._keep(Long(name, digest.hex()[:SHORTENED], start - self._origin, wall, cpu, peak, failed))

    def batch(
        self, names: Sequence[str], walls: Sequence[float], digests: Sequence[bytes], start: float, failed: Set[int]
    ) -> None:
        """Take note of tasks that ran one after the other since the last `begin`, at `start` by the host's uptime [s].

        Processor time, measured of all together, is theirs in proportion to their time.

        Args:
            failed: Which of them failed, by place.
        """
        if not walls:
            return
        (cpu, peak), total = self._used(), sum(walls) or 1e-9
        for name, places in _by_name(names).items():
            own = walls if len(places) == len(walls) else [walls[place] for place in places]
            self._sums(name).add(own, cpu * sum(own) / total, peak, len(failed & set(places)) if failed else 0)
            self._count(name, start, start + total, len(own), sum(own))
        if max(walls) >= self._long:
            self._keep_long(names, walls, digests, start, cpu / total, failed)

    def write(self, store: Store, record: Record) -> None:
        """Let others see it; if that fails, they see what was there before."""
        if not self._writes or not self._news:
            return
        self._news, self._due = False, self._clock.now() + BEATS * store.pace.beat
        self._first = self._first or record  # a worker that was late goes on in the same file
        with suppress(OSError):  # what is lost are figures
            store.keep_measures(self._first.life, encode(self.measures(self._first)))

    def write_if_due(self, store: Store, record: Record) -> None:
        """Let others see it if they have not for a while: so tasks cost no call of their own."""
        if self._clock.now() >= self._due:
            self.write(store, record)

    def measures(self, record: Record) -> Measures:
        """Return all of it, as of this life."""
        used, elapsed = self._meter.read(), self._clock.uptime() - self._origin
        peak, until = max(self._peak, used.peak), self._begun + elapsed
        summary = Summary(record.life, record.host, self._begun, until, used.cpu, peak, self._functions)
        slots = [Slot(name, number, count, wall) for (name, number), (count, wall) in self._slots.items()]
        return Measures(summary, self._grain, slots, self._tasks)

    def _used(self) -> tuple[float, int]:
        """Return processor time and peak since the last `begin`."""
        now = self._meter.read()
        self._news, self._peak = True, max(self._peak, now.peak)
        return max(0.0, now.cpu - self._cpu), now.peak

    def _sums(self, name: str) -> Sums:
        if name not in self._functions:
            self._functions[name] = Sums()
        return self._functions[name]

    def _count(self, name: str, start: float, end: float, count: float, wall: float) -> None:
        """Count tasks as ended, evenly, from `start` to `end` by the host's uptime [s]."""
        first, last = (int(max(0.0, time - self._origin) / self._grain) for time in (start, end))
        for number in range(first, last + 1):
            slot = self._slots.setdefault((name, number), [0.0, 0.0])
            slot[0] += count / (last - first + 1)
            slot[1] += wall / (last - first + 1)
        if len(self._slots) > max(MOST_SLOTS, 4 * len(self._functions)):
            self._coarsen()

    def _coarsen(self) -> None:
        """Let two stretches of time be one."""
        former, self._slots, self._grain = self._slots, {}, 2 * self._grain
        for (name, number), (count, wall) in former.items():
            slot = self._slots.setdefault((name, number // 2), [0.0, 0.0])
            slot[0] += count
            slot[1] += wall

    def _keep(self, task: Long) -> None:
        if task.wall < self._long:
            return
        self._tasks.append(task)
        if len(self._tasks) > MOST_TASKS:
            self._tasks.sort(key=lambda one: -one.wall)
            del self._tasks[MOST_TASKS // 2 :]
            self._long = self._tasks[-1].wall

    def _keep_long(
        self, names: Sequence[str], walls: Sequence[float], digests: Sequence[bytes], start: float, share: float,
        failed: Set[int],
    ) -> None:  # fmt: skip
        began = start - self._origin
        for place, wall in enumerate(walls):
            if wall >= self._long:
                digest = digests[place].hex()[:SHORTENED]
                self._keep(Long(names[place], digest, began, wall, share * wall, 0, place in failed))
            began += wall


def _by_name(names: Sequence[str]) -> Mapping[str, Sequence[int]]:
    """Return the places of each name."""
    if names.count(names[0]) == len(names):  # mostly
        return {names[0]: range(len(names))}
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        found.setdefault(name, []).append(place)
    return found
