"""What to ask for next time, by what was used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jughpc.app.accounts.usage import Asked, ClassUse, ElementUse, HostUse
from jughpc.store.measures import Sums
from jughpc.units import show_memory, show_seconds

MARGIN, TIME_MARGIN = 1.25, 1.5  # of memory and of time above what was used: the next run differs
WASTED = 1.5  # from when on more was asked for than is worth a word
FULL = 0.9  # of what was asked for is too near to it
IDLE = 0.6  # of their time workers should be busy
SLOW, ENOUGH = 0.7, 20  # how fast a node is beside all others that is named, by so many tasks
BRIEF = 120.0  # [s] an element of less is hardly worth its start
OWN = 7e-6  # [s] what a task of no length takes (benchmarks)

_MEBI, _GIBI = 1 << 20, 1 << 30


@dataclass(frozen=True)
class Advice:
    """One piece of advice.

    Attributes:
        option: What to type with the next submit, "" where it is something else.
        words: Why.
    """

    option: str
    words: str


def advice(
    asked: Asked | None,
    elements: Sequence[ElementUse],
    hosts: Sequence[HostUse],
    functions: Mapping[str, Sums],
    failed: int,
    classes: Sequence[ClassUse] = (),
) -> list[Advice]:
    """Return what to do otherwise next time, [] if all was well; what matters most is first.

    Args:
        classes: The elements by class; () where all are alike.
    """
    found = [*_of_failures(failed)]
    if asked and elements:
        for one in classes or [ClassUse("", asked, elements, functions)]:
            found += _of_class(one)
        found += _of_array(asked, elements)
    return [*found, *_of_slow(hosts), *_of_short(functions)]


def _of_class(one: ClassUse) -> Iterator[Advice]:
    """Yield what elements of a class should ask for: what functions ask for themselves is said of these."""
    if one.is_of_processes:
        return
    longest = max((sums.most for sums in one.functions.values()), default=0.0)
    found = [
        *_of_memory(one.asked, one.elements), *_of_time(one.asked, one.elements, longest),
        *_of_cores(one.asked, one.elements),
    ]  # fmt: skip
    for advice in found:
        key, value = advice.option.removeprefix("--").split()
        own = [f"--resources '{name}:{key}={value}'" for name in one.functions]
        yield replace(advice, option=" ".join(own)) if one.is_own else advice


def _of_failures(failed: int) -> Iterator[Advice]:
    if failed:
        yield Advice("", f"{failed} {'task' if failed == 1 else 'tasks'} failed: `jughpc failures` tells why.")


def _of_memory(asked: Asked, elements: Sequence[ElementUse]) -> Iterator[Advice]:
    peak = max(one.peak for one in elements)
    if not peak:
        return
    enough, used, said = _rounded(MARGIN * peak), _size(peak), _size(asked.memory or 0)
    if asked.memory is None:
        words = f"no memory was asked for; an element used {used} at most."
    elif peak > FULL * asked.memory:
        words = f"{said} was nearly full: an element used {used}."
    elif asked.memory > WASTED * peak and enough < asked.memory:
        words = f"{said} was {asked.memory / peak:.1f} times what was used, {used} at most."
    else:
        return
    yield Advice(f"--mem {_size(enough)}", words)


def _of_time(asked: Asked, elements: Sequence[ElementUse], longest: float) -> Iterator[Advice]:
    most = max(one.wall for one in elements)
    enough = _round_time(TIME_MARGIN * max(most, longest))
    ran, said = f"an element ran {_time(most)} at most", show_seconds(asked.time or 0)
    if asked.time is None:
        words = f"no time was asked for; {ran}."
    elif longest > FULL * asked.time / TIME_MARGIN:
        words = f"the longest task took {_time(longest)} of {said}: another may not end in time."
    elif asked.time > 2 * enough:
        words = f"{said} was asked for; {ran}. Who asks for less starts sooner."
    else:
        return
    yield Advice(f"--time {show_seconds(enough)}", words)


def _of_cores(asked: Asked, elements: Sequence[ElementUse]) -> Iterator[Advice]:
    time, busy = sum(one.wall for one in elements), sum(one.busy for one in elements)
    used = sum(one.cpu for one in elements) / time if time else 0.0
    if asked.cores > 1 and used < asked.cores / 2 and busy > IDLE * time * asked.workers:
        more = f"; or --workers {asked.cores}, one on each core" if asked.workers == 1 else ""
        words = f"of {asked.cores} cores {used:.1f} worked on the average{more}."
        yield Advice(f"--cpus {max(asked.workers, math.ceil(used))}", words)
    elif asked.cpus and used > 1.2 * asked.cores:
        words = f"tasks kept {used:.1f} cores busy, and {asked.cores} were asked for: threads get in each other's way."
        yield Advice(f"--cpus {math.ceil(used)}", words)


def _of_array(asked: Asked, elements: Sequence[ElementUse]) -> Iterator[Advice]:
    count, time = len(elements), sum(one.wall * one.workers for one in elements)
    busy, mean = sum(one.busy for one in elements), sum(one.wall for one in elements) / len(elements)
    if asked.is_over and count < asked.size:
        words = f"of {asked.size} elements {count} found a task to run."
        yield Advice(f"--array {count}", words)
    if count < 2 or not time:
        return
    if mean < BRIEF:
        fewer = max(1, min(count - 1, math.ceil(busy / asked.workers / BRIEF)))
        yield Advice(
            f"--array {fewer}", f"{count} elements ran {_time(mean)} on the average, hardly longer than a start takes."
        )
    elif busy < IDLE * time:
        fewer = max(1, min(count - 1, math.ceil(count * busy / time / FULL)))
        words = f"workers ran tasks in {busy / time:.0%} of their time, and waited in the rest."
        yield Advice(f"--array {fewer}", words)


def _of_slow(hosts: Sequence[HostUse]) -> Iterator[Advice]:
    if len(hosts) < 3:
        return
    for one in hosts:
        if one.pace and one.pace < SLOW and one.tasks >= ENOUGH:
            words = f"the same functions took {1 / one.pace:.1f} times as long there as on the average."
            yield Advice(f"--exclude {one.host}", words)


def _of_short(functions: Mapping[str, Sums]) -> Iterator[Advice]:
    for name, sums in functions.items():
        if sums.count >= 10_000 and sums.mean < 3 * OWN:
            words = f"a task of {name} takes {sums.mean * 1e6:.0f} us, and its own keeping {OWN * 1e6:.0f} us"
            yield Advice("", f"{words}: let one call do many.")


def _rounded(value: float) -> int:
    """Return a size that is pleasant to write, no less."""
    step = 50 * _MEBI if value < 0.5 * _GIBI else 256 * _MEBI if value < 8 * _GIBI else _GIBI
    return math.ceil(value / step) * step


def _size(value: int) -> str:
    """Return a size as an option takes it, without what nobody reads."""
    return show_memory(value) if value % _GIBI == 0 else f"{value // _MEBI}M"


def _round_time(value: float) -> float:
    step = 300.0 if value < 3600 else 900.0 if value < 6 * 3600 else 3600.0
    return max(300.0, math.ceil(value / step) * step)


def _time(value: float) -> str:
    return show_seconds(value) if value >= 1 else f"{value:.2g}s"
