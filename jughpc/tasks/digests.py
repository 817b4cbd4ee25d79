"""The digests of many tasks: as objects, or in one piece of memory.

A forked worker shares what it only reads, and to look at an object is to write to it, a count of who holds it; what it
makes of one piece of memory is its own. As objects they are at hand in a tenth of the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from struct import Struct
from typing import Protocol, overload

SIZE = 16  # [bytes]
_PART = 4096  # digests
_each = Struct(f"{SIZE}s").iter_unpack


class Digests(Protocol):
    """Digests in the order of their tasks."""

    @property
    def data(self) -> bytes:
        """All of them, one behind the other."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[bytes]: ...
    @overload
    def __getitem__(self, index: int, /) -> bytes: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[bytes]: ...

    def of(self, indices: Iterable[int]) -> list[bytes]:
        """Return those of some tasks, in the order of `indices`."""


class Apart(list[bytes]):
    """Digests as objects."""

    @property
    def data(self) -> bytes:
        """In parts, for `bytes.join` takes 80 bytes more for each thing it joins."""
        return b"".join([b"".join(self[at : at + _PART]) for at in range(0, len(self), _PART)])

    def of(self, indices: Iterable[int]) -> list[bytes]:
        return list(map(self.__getitem__, indices))


class InOnePiece(Sequence[bytes]):
    """Digests in one piece of memory: 16 MB of a million."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data) // SIZE

    @overload
    def __getitem__(self, index: int, /) -> bytes: ...
    @overload
    def __getitem__(self, index: slice, /) -> list[bytes]: ...
    def __getitem__(self, index: int | slice, /) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return self.of(range(len(self))[index])
        place = SIZE * index
        return self.data[place : place + SIZE] or self[range(len(self))[index]]

    def __iter__(self) -> Iterator[bytes]:
        return chain.from_iterable(_each(self.data))

    def of(self, indices: Iterable[int]) -> list[bytes]:
        data = self.data
        return [data[(place := SIZE * index) : place + SIZE] for index in indices]
