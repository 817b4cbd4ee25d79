"""The board: memory that a worker and what beats for it share."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import NamedTuple

from jughpc.fs import Clock
from jughpc.store.base import SHARD, Claim
from jughpc.store.record import Record

MOST = 2048  # tasks in one batch: the board has room for no more

_HAND = struct.Struct("=dI")  # since when the task in hand runs, its number in the batch
_BATCH = struct.Struct("<III")  # tasks in the batch, 0 for none; shard and generation of the claim on it
_BEATEN = struct.Struct("<d")
_COUNTS = struct.Struct("<QQ")
_HAND_AT, _BATCH_AT, _BEATEN_AT, _COUNTS_AT = 0, 12, 24, 32  # offsets [bytes]
_DIGEST_AT, _NAME_AT, _FLAG_AT, _DEAF_AT, _ALL_AT = 48, 64, 384, 385, 386
_DEADLINE_AT, _KNOCK_AT, _DIGESTS_AT = 392, 400, 512
_LONGEST = 256  # [bytes] of a name


class InHand(NamedTuple):
    """A task that runs under a claim on its shard.

    Attributes:
        shard, generation: The claim.
        digests: The batch's tasks up to the one that runs, which is the last.
        since: When that began [s, this host's uptime].
    """

    shard: int
    generation: int
    digests: tuple[bytes, ...]
    since: float

    def claim(self, life: str) -> Claim:
        """Return the claim on the shard."""
        return Claim(self.shard, SHARD, self.generation, life)


class Board:
    """What runs, which the worker writes, and when the last beat was, which the beat process writes.

    Attributes:
        deescalating: Whether the claim on the batch's shard is being given up, or was; the worker takes this back.
        deaf: Whether what beats hears no more orders.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _DIGESTS_AT + 16 * MOST)
        whole = memoryview(self._memory)
        self._since, self._number = whole[_HAND_AT : _HAND_AT + 8].cast("d"), whole[_HAND_AT + 8 : _BATCH_AT].cast("I")
        self._name = ""

    def clear(self) -> None:
        """Forget all: another worker writes here from now on."""
        self._memory[:] = bytes(len(self._memory))

    def note(self, name: str, digest: bytes, since: float) -> None:
        """Say what runs now by itself, "" for nothing."""
        _HAND.pack_into(self._memory, _HAND_AT, since, 0)
        self._memory[_DIGEST_AT : _DIGEST_AT + 16] = digest or bytes(16)
        self._write_name(name)

    def begin_batch(self, claim: Claim, digests: Sequence[bytes]) -> None:
        """Say what will run under `claim`, in this order; nothing does yet."""
        self.end_batch()
        self._memory[_DIGESTS_AT : _DIGESTS_AT + 16 * len(digests)] = b"".join(digests)
        _HAND.pack_into(self._memory, _HAND_AT, float("inf"), 0)
        _BATCH.pack_into(self._memory, _BATCH_AT, len(digests), claim.shard, claim.generation)

    def step(self, number: int, name: str, since: float) -> bool:
        """Say that the batch's task `number` runs now; return whether the shard's claim is being given up, or was."""
        self._since[0], self._number[0] = since, number  # as _HAND has them, in a third of its time
        if name is not self._name:  # mostly the same function again, a million times
            self._write_name(name)
        return self._memory[_FLAG_AT] != 0  # looked at last: who beats looks at what runs once more after saying so

    def end_batch(self) -> None:
        """Say that no batch runs."""
        _BATCH.pack_into(self._memory, _BATCH_AT, 0, 0, 0)
        self._write_name("")

    def in_hand(self) -> InHand | None:
        """Return the task that runs under a claim on its shard, None if none does."""
        since, number = _HAND.unpack_from(self._memory, _HAND_AT)
        count, shard, generation = _BATCH.unpack_from(self._memory, _BATCH_AT)
        if number >= count:
            return None
        packed = self._memory[_DIGESTS_AT : _DIGESTS_AT + 16 * (number + 1)]
        digests = tuple(packed[start : start + 16] for start in range(0, len(packed), 16))
        return InHand(shard, generation, digests, since)

    def count(self, done: int, failed: int) -> None:
        """Say how many tasks were finished."""
        _COUNTS.pack_into(self._memory, _COUNTS_AT, done, failed)

    @property
    def finished(self) -> int:
        """How many tasks were finished, done or failed."""
        return sum(_COUNTS.unpack_from(self._memory, _COUNTS_AT))

    @property
    def deescalating(self) -> bool:
        return bool(self._memory[_FLAG_AT])

    @deescalating.setter
    def deescalating(self, value: bool) -> None:
        self._memory[_FLAG_AT] = value

    @property
    def deaf(self) -> bool:
        return bool(self._memory[_DEAF_AT])

    @deaf.setter
    def deaf(self, value: bool) -> None:
        self._memory[_DEAF_AT] = value

    @property
    def has_all_time(self) -> bool:
        """Whether the worker began with its element."""
        return bool(self._memory[_ALL_AT])

    @has_all_time.setter
    def has_all_time(self, value: bool) -> None:
        self._memory[_ALL_AT] = value

    @property
    def deadline(self) -> float:
        """When the scheduler ends the worker's element [Unix s], 0 for never."""
        return float(_BEATEN.unpack_from(self._memory, _DEADLINE_AT)[0])

    @deadline.setter
    def deadline(self, when: float) -> None:
        _BEATEN.pack_into(self._memory, _DEADLINE_AT, when)

    @property
    def knock(self) -> float:
        """When the worker is to be told that its time is up [s, this host's uptime], infinity for never."""
        return float(_BEATEN.unpack_from(self._memory, _KNOCK_AT)[0]) or inf

    @knock.setter
    def knock(self, when: float) -> None:
        _BEATEN.pack_into(self._memory, _KNOCK_AT, when)

    @property
    def beaten(self) -> float:
        """When the last beat was on its way [s, this host's uptime]."""
        return float(_BEATEN.unpack_from(self._memory, _BEATEN_AT)[0])

    @beaten.setter
    def beaten(self, uptime: float) -> None:
        _BEATEN.pack_into(self._memory, _BEATEN_AT, uptime)

    def onto(self, record: Record, clock: Clock) -> Record:
        """Return `record` with what the board says."""
        since, _ = _HAND.unpack_from(self._memory, _HAND_AT)
        done, failed = _COUNTS.unpack_from(self._memory, _COUNTS_AT)
        (length,) = struct.unpack_from("<H", self._memory, _NAME_AT)
        name = self._memory[_NAME_AT + 2 : _NAME_AT + 2 + length].decode("utf-8", "replace")
        began = round(clock.wall() - (clock.uptime() - since), 3) if name and since != float("inf") else 0.0
        return replace(record, task=name, digest=self._digest() if name else "", since=began, done=done, failed=failed)

    def _digest(self) -> str:
        hand = self.in_hand()
        return (hand.digests[-1] if hand else self._memory[_DIGEST_AT : _DIGEST_AT + 16]).hex()

    def _write_name(self, name: str) -> None:
        self._name, text = name, name.encode(errors="backslashreplace")[:_LONGEST]
        struct.pack_into(f"<H{len(text)}s", self._memory, _NAME_AT, len(text), text)
