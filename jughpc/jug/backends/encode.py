"""The names of jug.backends.encode: values as jug 2 writes them into files."""

from __future__ import annotations

import io
import pickle
import zlib
from typing import Any, BinaryIO

__all__ = ["decode", "decode_from", "encode", "encode_to"]


def encode(object: Any) -> bytes:  # noqa: A002  # jug's names
    """Return a value as bytes: nothing for None, else a compressed pickle."""
    return b"" if object is None else zlib.compress(b"P" + pickle.dumps(object, protocol=4))


def decode(s: bytes) -> Any:
    """Return the value that `encode`, or jug, made these bytes of."""
    if not s:
        return None
    content = zlib.decompress(s)
    return _array(content[1:]) if content[:1] == b"N" else pickle.loads(content[1:])


def encode_to(object: Any, stream: BinaryIO) -> None:  # noqa: A002  # jug's name
    """Write a value."""
    stream.write(encode(object))


def decode_from(stream: BinaryIO) -> Any:
    """Read a value: all that is left of `stream`."""
    return decode(stream.read())


def _array(data: bytes) -> Any:
    import numpy as np

    return np.load(io.BytesIO(data), allow_pickle=True)
