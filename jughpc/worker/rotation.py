"""A round through things to do, that goes on elsewhere where others are met."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 1 << 16  # things: what is left of more is for the next round


class Rotation(Generic[T]):
    """Yields each of some things once, in order, from a place on the way round; of very many the next ones only.

    Args:
        start: Where it begins, 0 to 1; what is beyond begins so much further round.
    """

    def __init__(self, things: Sequence[T], start: float) -> None:
        first = int(start * len(things)) % (len(things) or 1)
        places = chain(range(first, len(things)), range(first))
        self._left = deque(map(things.__getitem__, islice(places, _MOST)))

    def __iter__(self) -> Iterator[T]:
        while self._left:
            yield self._left.popleft()

    def elsewhere(self) -> None:
        """Go on at a random place: somebody else works here, in the same order, and would be met at each step."""
        self._left.rotate(random.randrange(len(self._left) + 1))
