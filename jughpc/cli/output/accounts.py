"""What work took, as text for a terminal and as JSON; docs/report.md describes the latter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from jughpc.app.accounts.account import Account
from jughpc.app.accounts.timeline import STEPS, timeline
from jughpc.store.measures import Sums
from jughpc.units import several, show_seconds

FORMAT = 1


def lines(found: Account, where: str) -> Iterator[str]:
    """Yield what is said beside the page."""
    if not found.lives:
        yield f"{where}: no worker has measured anything yet"
        return
    span = show_seconds(found.until - found.begun)
    whose = f"of submission {found.asked.number} " if found.asked else ""
    yield f"{where}: {several(found.tasks, 'task')} {whose}in {span}, {found.core_hours:.3g} core hours"
    for one in found.advice:
        yield f"  {f'{one.option:<14} ' if one.option else ''}{one.words}"


def as_json(found: Account) -> dict[str, Any]:
    """Return all that the page shows."""
    return {
        "format": FORMAT,
        "jugfile": str(found.target.jugfile),
        "jugdir": str(found.target.location),
        "made": found.made,
        "submission": asdict(found.asked) if found.asked else None,
        "begun": found.begun,
        "until": found.until,
        "tasks": found.tasks,
        "workers": len(found.lives),
        "core_hours": found.core_hours,
        "busy": found.busy,
        "time": found.time,
        "cpu": found.cpu,
        "functions": {name: _sums(sums, found.memory.get(name, {})) for name, sums in found.functions.items()},
        "elements": [asdict(one) for one in found.elements],
        "nodes": [asdict(one) for one in found.hosts],
        "failed": found.failed,
        "failures": [{"count": len(one), "words": str(one), "where": str(one.frame or "")} for one in found.failures],
        "advice": [asdict(one) for one in found.advice],
        "timeline": _timeline(found),
    }


def _sums(sums: Sums, memory: Mapping[int, int]) -> dict[str, Any]:
    fields = {**asdict(sums), "least": sums.least if math.isfinite(sums.least) else 0.0, "mean": sums.mean}
    del fields["bins"]
    return {**fields, "times": _bins(sums.bins), "memory": _bins(memory)}


def _bins(counts: Mapping[int, int]) -> list[list[float]]:
    """Return counts with the upper bound of what they count, ascending."""
    return [[2.0**e, count] for e, count in sorted(counts.items())]


def _timeline(found: Account) -> dict[str, Any] | None:
    when = timeline(found.lives, list(found.functions))
    if when is None:
        return None
    return {
        "begun": when.begun, "step": when.step, "steps": STEPS, "functions": list(when.names),
        "ended": when.ended.round(3).tolist(), "workers": when.workers.round(3).tolist(),
        "busy": when.busy.round(3).tolist(),
    }  # fmt: skip
