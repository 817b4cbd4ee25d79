"""Who lives, as one process sees it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from jughpc.store.record import Record


class Seen(NamedTuple):
    """A life's record as it was read.

    Attributes:
        asked: Before that, by this process's own clock [s].
    """

    record: Record
    asked: float


class Observer(Protocol):
    """One process's view of who lives, which grows as it is asked: at first it has seen nobody.

    A proof rests on what a life says of itself, on its host's process table, or on the observer's own clock.
    """

    def proof(self, shard: int, key: bytes, generation: int) -> str:
        """Return the proof that who holds a claim is dead, in words; "" if there is none, or no such claim."""

    def proof_of(self, life: str, seen: Seen | None = None) -> str:
        """Return the proof that a life is dead, in words; "" if there is none.

        Args:
            seen: Its record, if it was read just now: it is not read once more.
        """
