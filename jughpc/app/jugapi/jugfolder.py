"""A jugdir written by jug 2: read, never written."""

from __future__ import annotations

import io
import pickle
import re
import zlib
from pathlib import Path
from typing import Any

from jughpc.errors import JugdirError, StoreError

_HASH = re.compile("[0-9a-f]{38}")
_NPY, _PARQUET = b"\x93NUMPY", b"PAR1"


class UnreadableError(StoreError):
    """A file of jug's that cannot be read as a result."""


class JugFolder:
    """The results in a jugdir of jug's, by jug's hash (40 hexadecimal characters).

    Args:
        empty_is_none: Take an empty file for the result None, as jug does; else it is unreadable, since a
            full disk leaves such files too.

    Raises:
        JugdirError: There is no such folder, or nothing of jug's in it.
    """

    def __init__(self, root: Path, empty_is_none: bool = False) -> None:
        self._root, self._empty_is_none = root, empty_is_none
        self._files = {path.parent.name + path.name for path in root.glob("[0-9a-f][0-9a-f]/*") if _is_result(path)}
        if not self._files and not (root / "packs" / "jugpack").is_file():
            raise JugdirError(f"{root} holds no results of jug's; name a folder that jug wrote, as primes.jugdata.")
        self._packed: dict[bytes, Any] = self._read_pack()

    def hashes(self) -> set[bytes]:
        """Return the hashes of all results."""
        return {name.encode() for name in self._files} | self._packed.keys()

    def load(self, jug_hash: bytes) -> Any:
        """Return a result. Raises UnreadableError."""
        if jug_hash in self._packed:
            return self._packed[jug_hash]
        name = jug_hash.decode()
        path = self._root / name[:2] / name[2:]
        try:
            return self._decode(path.read_bytes())
        except UnreadableError as error:
            raise UnreadableError(f"{path} {error}") from error
        except Exception as error:  # what is pickled may raise anything
            raise UnreadableError(f"{path} cannot be read: {error}") from error

    def _decode(self, data: bytes) -> Any:
        if not data:
            if self._empty_is_none:
                return None
            raise UnreadableError("is empty: a lost result, or None (--empty-is-none)")
        if data.startswith(_NPY):
            return _array(data)
        if data.startswith(_PARQUET):
            return _frame(data)
        content = zlib.decompress(data)
        return _array(content[1:]) if content[:1] == b"N" else pickle.loads(content[1:])

    def _read_pack(self) -> dict[bytes, Any]:
        path = self._root / "packs" / "jugpack"
        if not path.is_file():
            return {}
        try:
            packed: dict[bytes, Any] = pickle.loads(zlib.decompress(path.read_bytes())[1:])
        except Exception as error:  # what is pickled may raise anything
            raise JugdirError(f"the pack {path} cannot be read: {error}. Move it away to import the rest.") from error
        return packed


def _is_result(path: Path) -> bool:
    return _HASH.fullmatch(path.name) is not None


def _array(data: bytes) -> Any:
    import numpy as np

    return np.load(io.BytesIO(data), allow_pickle=True)  # object arrays, as trustworthy as jug's other pickles


def _frame(data: bytes) -> Any:
    try:
        import polars  # type: ignore[import-not-found,unused-ignore]  # few have it, and it is no extra of ours
    except ImportError:
        raise UnreadableError("is a polars frame: pip install polars") from None
    return polars.read_parquet(io.BytesIO(data))
