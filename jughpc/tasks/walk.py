"""Work through nested objects without recursion: a container 100 000 levels deep is no special case."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

T = TypeVar("T")
Steps = Generator[object, Any, T]
"""The treatment of one object: yields each part, is sent that part's outcome, returns its own."""


def fold(first: Steps[T], steps: Callable[[Any], Steps[T]], again: Callable[[Any, int], T]) -> T:
    """Return the outcome of `first`, after that of all its parts.

    Args:
        first: The treatment to run.
        steps: Begins the treatment of one object.
        again: Gives the outcome of an object that is met inside itself, so many levels down.
    """
    running = [first]
    path: dict[int, tuple[int, object]] = {id(first): (0, first)}  # holds them, so that no id is used twice
    outcome: Any = None
    while True:
        try:
            part = running[-1].send(outcome)
        except StopIteration as end:
            running.pop()
            path.popitem()
            if not running:
                return end.value  # type: ignore[no-any-return]  # StopIteration is not generic
            outcome = end.value
            continue
        if id(part) in path:
            outcome = again(part, len(running) - path[id(part)][0])
        else:
            path[id(part)] = (len(running), part)
            running.append(steps(part))
            outcome = None
