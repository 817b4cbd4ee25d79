"""Random numbers in workers that were forked from one process: no two draw the same."""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection, Iterable
from contextlib import suppress
from operator import attrgetter
from random import Random
from types import FunctionType, ModuleType
from typing import Any

from jughpc import leftopen
from jughpc.tasks.task import Task

_NO_PART = (Task, type, ModuleType)  # of an argument, though it leads to one; nor is what a function finds by name


def generators(tasks: Collection[Task[Any]] = ()) -> list[Any]:
    """Return the generators of random numbers that a load made, wherever it keeps them: 0.1 us for each object.

    Args:
        tasks: What these are given, and what they call holds, is not among them: it came with its seed into digests.
    """
    bases, given = (Random, *_of_numpy()), _within(tasks)
    return [one for one in leftopen.made(lambda kind: issubclass(kind, bases)) if id(one) not in given]


def sow(inherited: Iterable[Any] = ()) -> None:
    """Seed anew what this process inherited and does not seed by itself: Python's own `random` does.

    Args:
        inherited: The generators that were made before it was forked.
    """
    for one in inherited:
        with suppress(Exception):  # a kind of somebody's own, which may want to be told more
            one.seed() if hasattr(one, "seed") else one.__init__()  # the latter in place, with what it spawns from
    if numpy := sys.modules.get("numpy.random"):
        numpy.seed()
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "seed"):  # it may be only half imported
        torch.seed()


def _within(tasks: Collection[Task[Any]]) -> set[int]:
    """Return the ids of what the arguments of tasks hold, and what they call, as far as the collector follows it."""
    left = [part for task in tasks for part in (*task.args, *task.kwargs.values()) if gc.is_tracked(part)]
    left += [callee.f for callee in set(map(attrgetter("callee"), tasks))]
    seen = set[int]()
    while left:
        one = left.pop()
        if id(one) not in seen and not isinstance(one, _NO_PART):
            seen.add(id(one))
            parts = one.__closure__ or () if isinstance(one, FunctionType) else gc.get_referents(one)
            left += filter(gc.is_tracked, parts)
    return seen


def _of_numpy() -> tuple[type, ...]:
    numpy = sys.modules.get("numpy.random")
    return (numpy.BitGenerator, numpy.RandomState) if numpy else ()
