"""A round through things to do, that goes on elsewhere where others are met."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Rotation(Generic[T]):
    """Yields each of some things once, in order, from a place on the way round.

    Args:
        start: Where it begins, 0 to 1.
    """

    def __init__(self, things: Iterable[T], start: float) -> None:
        self._left = deque(things)
        self._left.rotate(-int(start * len(self._left)))

    def __iter__(self) -> Iterator[T]:
        while self._left:
            yield self._left.popleft()

    def elsewhere(self) -> None:
        """Go on at a random place: somebody else works here, in the same order, and would be met at each step."""
        self._left.rotate(random.randrange(len(self._left) + 1))
