"""Find iterators that a jugfile leaves unused at module level, so that their tasks are never made."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from operator import length_hint
from pathlib import Path
from types import GeneratorType
from typing import Any

from jughpc.errors import LazyJugfileError
from jughpc.tasks.generator import TaskGenerator

_LAZY = (map, filter, zip, GeneratorType)


def check(path: Path, space: Mapping[str, Any], has_tasks: bool) -> None:
    """Raise LazyJugfileError for a lazy variable that holds back tasks.

    Without any task each unused lazy iterator is suspect; else only those that call a TaskGenerator.
    """
    for name, thing in space.items():
        if isinstance(thing, _LAZY) and _is_unused(thing) and (not has_tasks or _makes_tasks(thing, space)):
            raise LazyJugfileError(
                f"{path}: `{name}` is a lazy {type(thing).__name__}, so its tasks are never made. "
                f"Write it as: {name} = list(...)"
            )


def _is_unused(thing: Any) -> bool:
    if isinstance(thing, GeneratorType):
        return thing.gi_frame is not None
    if isinstance(thing, _LAZY):
        return all(_is_unused(source) for source in _held(thing) if isinstance(source, Iterator))
    return length_hint(thing, 1) > 0


def _makes_tasks(thing: Any, space: Mapping[str, Any]) -> bool:
    if isinstance(thing, GeneratorType):
        return any(isinstance(space.get(name), TaskGenerator) for name in thing.gi_code.co_names)
    if isinstance(thing, _LAZY):
        return any(_makes_tasks(part, space) for part in _held(thing))
    return isinstance(thing, TaskGenerator)


def _held(thing: Any) -> list[Any]:
    """Return the function and the iterators that a map, filter or zip works on."""
    held: list[Any] = []
    for part in gc.get_referents(thing):  # which holds several iterators in a tuple
        held += part if type(part) is tuple else [part]
    return held
