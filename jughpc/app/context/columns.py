"""A manifest as it is kept, written without NumPy: to import that takes a worker longer than a thousand tasks."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from jughpc.tasks.graph import Graph

_MAGIC, _MULTIPLE = b"\x93NUMPY\x01\x00", 64  # numpy.lib.format, version 1.0
_EPOCH = (1980, 1, 1, 0, 0, 0)  # what NumPy gives, too: the time is in the file's name


@dataclass(frozen=True)
class Columns:
    """N tasks and their M dependencies, as `Manifest` has them, each column as its bytes, little endian.

    Attributes:
        kinds: u4, (N,).
        digests: u1, (N, 16).
        starts: i8, (N + B + 1,).
        needs: i8, (M,).
    """

    names: list[str]
    kinds: bytes
    digests: bytes
    starts: bytes
    needs: bytes
    barrier: bool

    def npz(self) -> list[bytes]:
        """Return the file in parts. Containers are under another name: who knows of none is to load instead."""
        from zipfile import ZipFile, ZipInfo

        names, count = "\0".join(self.names).encode(errors="surrogatepass"), len(self.digests) // 16
        needs = "bundled" if len(self.starts) // 8 - 1 > count else "needs"
        members = {
            "names": ("|u1", (len(names),), names),
            "barrier": ("|b1", (), bytes([self.barrier])),
            "kinds": ("<u4", (count,), self.kinds),
            "digests": ("|u1", (count, 16), self.digests),
            "starts": ("<i8", (len(self.starts) // 8,), self.starts),
            needs: ("<i8", (len(self.needs) // 8,), self.needs),
        }
        parts = _Parts()
        with ZipFile(cast(BinaryIO, parts), "w") as file:
            for name, (kind, shape, data) in members.items():
                with file.open(ZipInfo(f"{name}.npy", _EPOCH), "w", force_zip64=True) as member:
                    member.write(_head(kind, shape))
                    member.write(data)
        return parts.written


class _Parts:
    """A file that keeps what is written, where it lies: of a million tasks a copy takes 30 MB."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.written.append(data)
        return len(data)

    def flush(self) -> None:
        pass


def of_graph(graph: Graph, barrier: bool, digests: bytes | None = None) -> Columns:
    """Return the columns of a graph.

    Args:
        digests: Of its tasks, one behind the other; None if they are not at hand.
    """
    edges = graph.edges
    starts, needs = (_bytes("q", numbers) for numbers in (edges.starts, edges.targets))
    return Columns(graph.names, _bytes("I", graph.kinds), digests or graph.digests.data, starts, needs, barrier)


def _bytes(kind: str, numbers: array[int]) -> bytes:
    other = array(kind, numbers)
    if sys.byteorder == "big":
        other.byteswap()
    return other.tobytes()


def _head(kind: str, shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    text += b" " * (-(len(_MAGIC) + 2 + len(text) + 1) % _MULTIPLE) + b"\n"
    return _MAGIC + len(text).to_bytes(2, "little") + text
