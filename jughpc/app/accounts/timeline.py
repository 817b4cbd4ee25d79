"""When what ran: tasks that ended, workers that were there, and how busy they were, in equal stretches of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jughpc.store.measures import Columns

STEPS = 120  # stretches of time
ROWS = 40  # workers that are shown one by one
NAMED = 6  # functions that are told apart; the rest is one

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One worker.

    Attributes:
        cells: (STEPS,) which of the timeline's functions took most of each stretch, -1 for none.
        busy: (STEPS,) the part of each stretch in which it ran tasks.
    """

    life: str
    host: str
    begun: float
    until: float
    cells: Sequence[int]
    busy: Sequence[float]


@dataclass(frozen=True)
class Timeline:
    """What went on from `begun` to `until` [Unix s, by the workers' clocks].

    Attributes:
        names: The functions that are told apart; "" behind them stands for all others, if there are any.
        ended: (functions, STEPS) tasks that ended.
        workers: (STEPS,) workers that were there, on the average.
        busy: (STEPS,) of these, that ran tasks.
        rows: Some of the workers.
    """

    begun: float
    until: float
    names: Sequence[str]
    ended: Floats
    workers: Floats
    busy: Floats
    rows: Sequence[Row]

    @property
    def step(self) -> float:
        return (self.until - self.begun) / STEPS


@dataclass(frozen=True)
class _Slots:
    """The stretches of time of some lives, as columns.

    Attributes:
        kinds: Which of the functions that are told apart.
        starts, ends: From the beginning of it all [s].
        ended: Tasks that ended there.
        walls: What these took [s].
    """

    kinds: npt.NDArray[np.int64]
    starts: Floats
    ends: Floats
    ended: Floats
    walls: Floats

    def tasks(self, kind: int, edges: Floats) -> Floats:
        """Return how many tasks of a kind ended between each two of `edges`."""
        mine = self.kinds == kind
        return _spread(self.starts[mine], self.ends[mine], self.ended[mine], edges)

    def busy(self, edges: Floats, kind: int | None = None) -> Floats:
        """Return for how long tasks ran between each two of `edges`: what took longer than a slot began before it."""
        mine = slice(None) if kind is None else self.kinds == kind
        starts = np.minimum(self.starts[mine], self.ends[mine] - self.walls[mine])
        return _spread(starts, self.ends[mine], self.walls[mine], edges)


def timeline(lives: Sequence[Columns], names: Sequence[str]) -> Timeline | None:
    """Return what these workers did when, None if they did nothing.

    Args:
        names: All functions, those first that took most.
    """
    if not lives or not names:
        return None
    begun, until = min(one.summary.begun for one in lives), max(one.summary.until for one in lives)
    until = max(until, begun + 0.01)
    edges = np.linspace(0.0, until - begun, STEPS + 1)
    shown = [*names[:NAMED], *([""] if len(names) > NAMED else [])]
    places = {name: min(place, NAMED) for place, name in enumerate(names)}
    slots = _slots(lives, places, begun)
    ended = np.stack([slots.tasks(kind, edges) for kind in range(len(shown))])
    came, went = np.array([(one.summary.begun - begun, one.summary.until - begun) for one in lives]).T
    workers = _spread(came, went, went - came, edges) / edges[1]
    busy = np.minimum(slots.busy(edges) / edges[1], workers)
    rows = [_row(one, places, len(shown), begun, edges) for one in _some(lives)]
    return Timeline(begun, until, shown, ended, workers, busy, rows)


def _slots(lives: Sequence[Columns], places: Mapping[str, int], origin: float) -> _Slots:
    parts = [_of_life(life, places, origin) for life in lives]
    kinds, *rest = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Slots(kinds.astype(np.int64), *rest)


def _of_life(life: Columns, places: Mapping[str, int], origin: float) -> tuple[Floats, ...]:
    """Return the columns of a life; its last slot ends with what is known of it."""
    functions, numbers, ended, walls = life.slots
    kinds = np.array([places[name] for name in life.names], np.float64)[functions.astype(int)]
    starts = life.summary.begun - origin + numbers * life.grain
    ends = np.minimum(starts + life.grain, life.summary.until - origin)
    return kinds, starts, ends, ended, walls


def _spread(starts: Floats, ends: Floats, amounts: Floats, edges: Floats) -> Floats:
    """Return how much lies between each two of the ascending `edges`, each amount being spread evenly."""
    least = 1e-3 * edges[1]
    starts = np.maximum(0.0, np.minimum(starts, ends - least))  # what took no time lies within the edges, too
    ends = np.maximum(ends, starts + least)
    density = amounts / (ends - starts)
    found: Floats = np.diff(_ramps(starts, density, edges) - _ramps(ends, density, edges))
    return np.maximum(found, 0.0)


def _ramps(starts: Floats, slopes: Floats, edges: Floats) -> Floats:
    """Return, at each of `edges`, the sum of ramps that rise from `starts` on."""
    order = np.argsort(starts)
    rises = np.concatenate([[0.0], np.cumsum(slopes[order])])
    offsets = np.concatenate([[0.0], np.cumsum((slopes * starts)[order])])
    before = np.searchsorted(starts[order], edges, side="right")
    found: Floats = edges * rises[before] - offsets[before]
    return found


def _row(life: Columns, places: Mapping[str, int], kinds: int, origin: float, edges: Floats) -> Row:
    slots = _slots([life], places, origin)
    each = np.stack([slots.busy(edges, kind) for kind in range(kinds)])
    total = each.sum(axis=0)
    cells = np.where(total > 0.01 * edges[1], each.argmax(axis=0), -1)
    busy = np.minimum(total / edges[1], 1.0)
    summary = life.summary
    return Row(summary.life, summary.host, summary.begun, summary.until, cells.tolist(), busy.round(3).tolist())


def _some(lives: Sequence[Columns]) -> list[Columns]:
    """Return as many as are shown, spread evenly over all."""
    order = sorted(lives, key=lambda one: (one.summary.host, one.summary.begun, one.summary.life))
    if len(order) <= ROWS:
        return order
    return [order[round(place * (len(order) - 1) / (ROWS - 1))] for place in range(ROWS)]
