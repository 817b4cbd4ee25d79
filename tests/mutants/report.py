"""What a run of mutants showed, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from tests.mutants.trial import KILLED, SURVIVED, TIMEOUT, UNTESTED, Outcome

VERDICTS = (KILLED, TIMEOUT, SURVIVED, UNTESTED)


def room_of(path: str) -> str:
    """Return the room of a module: its folder inside the package, or the package's name."""
    package, *folders = PurePath(path).parent.parts or (".",)
    return "/".join(folders) or package


def table(outcomes: Iterable[Outcome]) -> str:
    """Return how many mutants of each room came to what; a time-out counts as seen."""
    rooms: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        rooms.setdefault(room_of(outcome.mutant.path), Counter())[outcome.verdict] += 1
    rows = [_row(room, rooms[room]) for room in sorted(rooms)]
    total = sum(rooms.values(), Counter[str]())
    head = f"{'room':<16}" + "".join(f"{verdict:>10}" for verdict in VERDICTS) + f"{'seen':>8}"
    return "\n".join([head, *rows, _row("all", total)])


def _row(room: str, counts: Mapping[str, int]) -> str:
    total = sum(counts.values())
    seen = (counts[KILLED] + counts[TIMEOUT]) / total if total else 1.0
    return f"{room:<16}" + "".join(f"{counts[verdict]:>10}" for verdict in VERDICTS) + f"{seen:>8.0%}"


def survivors(outcomes: Iterable[Outcome]) -> list[str]:
    """Return a line for each mutant that no test saw."""
    left = [outcome for outcome in outcomes if outcome.verdict in (SURVIVED, UNTESTED)]
    return [f"{outcome.mutant}{_how_far(outcome)}" for outcome in sorted(left, key=_place)]


def _how_far(outcome: Outcome) -> str:
    ran, of = outcome.tests
    if not of:
        return "  (no test runs this line)"
    return f"  ({of} tests)" if ran == of else f"  (the {ran} fastest of {of} tests)"


def as_dict(outcomes: Sequence[Outcome], seed: int) -> dict[str, Any]:
    """Return all of it as JSON can show it."""
    rows = [{**asdict(outcome), "room": room_of(outcome.mutant.path)} for outcome in sorted(outcomes, key=_place)]
    return {"seed": seed, "outcomes": rows}


def _place(outcome: Outcome) -> tuple[str, int, str]:
    return outcome.mutant.path, outcome.mutant.start, outcome.mutant.after
