"""A result file: one or many results, immutable, checksummed, read in place.

Layout, little endian: magic (8 bytes), count (u32), CRC-32 of the index (u32); the index: count times
digest (16 bytes), offset, length (u64), codec, CRC-32 of the payload (u32); then the payloads. Those
of 64 bytes and more start at a multiple of 64, so that arrays can be used where they are mapped.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jughpc.errors import UnstorableError
from jughpc.fs import Buffer

MAGIC = b"\x89jughpc\x01"
ALIGN = 64
HEAD = 16 * 1024  # a first read that covers the index of a usual pack

_HEADER = struct.Struct("<8sII")
_ENTRY = struct.Struct("<16sQQII")

PICKLE, NPY, BUFFERS = 1, 2, 3  # codecs: plain pickle, .npy, pickle 5 with its buffers behind it
ZLIB = 0x100  # flag: the payload is compressed

_SMALL = 4096  # [bytes] below it compression cannot pay for itself
_SAMPLE = 1 << 16  # [bytes] compressed first, to see whether it pays
_NPY_KINDS = frozenset("?biufcmMSU")
_PLAIN = frozenset({int, float, bool, type(None), str, bytes})  # never hold out-of-band buffers


class Encoded(NamedTuple):
    """A result ready to be written: its codec, checksum and payload in parts."""

    codec: int
    crc: int
    length: int
    parts: tuple[Buffer, ...]


_new = tuple.__new__  # half the time of a call of Encoded


class Entry(NamedTuple):
    """Where one result lies in a file."""

    offset: int
    length: int
    codec: int
    crc: int


class DamagedError(ValueError):
    """These bytes are no whole result file."""


def encode(value: object) -> Encoded:
    """Encode a result. Raises UnstorableError if it cannot be pickled."""
    if type(value) in _PLAIN:  # mostly: a million of them are to cost little
        stream = pickle.dumps(value, 5)
        if len(stream) < _SMALL:
            return _new(Encoded, (PICKLE, zlib.crc32(stream), len(stream), (stream,)))
        return _pickled(stream)
    if _is_array(value):
        return _sealed(NPY, _npy_parts(value))
    buffers: list[pickle.PickleBuffer] = []
    try:
        stream = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    except Exception as error:  # user classes may raise anything while they are pickled
        raise UnstorableError(f"the result, a {type(value).__qualname__}, cannot be stored: {error}") from error
    if buffers:
        return _sealed(BUFFERS, _buffer_parts(stream, [buffer.raw() for buffer in buffers]))
    return _pickled(stream)


def decode(data: memoryview, entry: Entry) -> Any:
    """Return the result at `entry` of the file `data`; arrays refer to `data`. Raises DamagedError."""
    payload = data[entry.offset : entry.offset + entry.length]
    if len(payload) != entry.length or zlib.crc32(payload) != entry.crc:
        raise DamagedError("its checksum does not fit its content")
    if entry.codec & ZLIB:
        payload = memoryview(zlib.decompress(payload))
    codec = entry.codec & 0xFF
    if codec == NPY:
        return _read_npy(payload)
    if codec == BUFFERS:
        stream, *buffers = _split_buffers(payload)
        return pickle.loads(stream, buffers=buffers)
    return pickle.loads(payload)


def pack(results: Mapping[bytes, Encoded]) -> list[Buffer]:
    """Return the parts of a result file that holds `results`."""
    offset = _HEADER.size + _ENTRY.size * len(results)
    index = bytearray()
    body: list[Buffer] = []
    for digest, (codec, crc, length, parts) in results.items():
        if length >= ALIGN and (gap := -offset % ALIGN):
            body.append(bytes(gap))
            offset += gap
        index += _ENTRY.pack(digest, offset, length, codec, crc)
        body += parts
        offset += length
    return [_HEADER.pack(MAGIC, len(results), zlib.crc32(index)), index, *_joined(body)]


def index_size(head: Buffer) -> int:
    """Return how many bytes header and index take. Raises DamagedError."""
    if len(head) < _HEADER.size:
        raise DamagedError("it is empty" if not len(head) else "it ends within its header")
    magic, count, _ = _HEADER.unpack_from(head)
    if magic != MAGIC:
        raise DamagedError("it does not start like a result file")
    return _HEADER.size + _ENTRY.size * int(count)


def read_index(head: Buffer) -> dict[bytes, Entry]:
    """Return the entries by digest; `head` holds at least header and index. Raises DamagedError."""
    return {fields[0]: Entry._make(fields[1:]) for fields in _ENTRY.iter_unpack(_index(head))}


def find(head: Buffer, digest: bytes) -> Entry | None:
    """Do as `read_index(head).get(digest)` does, 20 times as fast for a usual pack. Raises DamagedError."""
    index = bytes(_index(head))
    place = index.find(digest)
    while place >= 0 and place % _ENTRY.size:  # met in the middle of an entry
        place = index.find(digest, place + 1)
    return Entry._make(_ENTRY.unpack_from(index, place)[1:]) if place >= 0 else None


def _index(head: Buffer) -> memoryview:
    size = index_size(head)
    index = memoryview(head)[_HEADER.size : size]
    if len(index) != size - _HEADER.size or zlib.crc32(index) != _HEADER.unpack_from(head)[2]:
        raise DamagedError("the checksum of its index does not fit")
    return index


def intact(data: memoryview, index: Mapping[bytes, Entry]) -> Iterator[tuple[bytes, Encoded]]:
    """Yield the results of the file `data` whose checksums fit, as they were encoded."""
    for digest, (offset, length, codec, crc) in index.items():
        payload = data[offset : offset + length]
        if len(payload) == length and zlib.crc32(payload) == crc:
            yield digest, Encoded(codec, crc, length, (payload,))


def _pickled(stream: bytes) -> Encoded:
    if len(stream) >= _SMALL and (packed := _compressed(stream)) is not None:
        return _sealed(PICKLE | ZLIB, (packed,))
    return Encoded(PICKLE, zlib.crc32(stream), len(stream), (stream,))


def _sealed(codec: int, parts: Sequence[Buffer]) -> Encoded:
    crc = length = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
        length += memoryview(part).nbytes
    return Encoded(codec, crc, length, tuple(parts))


def _joined(parts: list[Buffer]) -> Iterator[Buffer]:
    """Yield `parts` with runs of small ones joined: one system call, not hundreds."""
    run: list[Buffer] = []
    for part in parts:
        if len(part) >= _SAMPLE:
            yield b"".join(run)
            yield part
            run = []
        else:
            run.append(part)
    yield b"".join(run)


def _compressed(stream: bytes) -> bytes | None:
    """Return `stream` compressed, None if that saves less than a third."""
    sample = stream[:_SAMPLE]
    if len(zlib.compress(sample, 1)) * 3 > len(sample) * 2:
        return None
    return zlib.compress(stream, 1)


def _is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")  # who has an array has imported it
    if numpy is None or type(value) is not numpy.ndarray:
        return False
    array: Any = value
    if array.dtype.kind not in _NPY_KINDS or not array.itemsize or array.dtype.metadata:
        return False  # a .npy header cannot tell all of these dtypes; a pickle can, and is as fast
    return bool(array.flags.c_contiguous or array.flags.f_contiguous)


def _npy_parts(array: Any) -> tuple[Buffer, Buffer]:
    from numpy.lib import format as npy

    head = io.BytesIO()
    npy.write_array_header_2_0(head, npy.header_data_from_array_1_0(array))
    order = array if array.flags.c_contiguous else array.T
    return head.getvalue(), memoryview(order.reshape(-1).view("u1") if order.size else b"")


def _read_npy(payload: memoryview) -> Any:
    import numpy as np
    from numpy.lib import format as npy

    head = io.BytesIO(payload[: 1 << 16])
    npy.read_magic(head)
    shape, fortran, dtype = npy.read_array_header_2_0(head)
    flat = np.frombuffer(payload[head.tell() :], dtype=dtype)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def _buffer_parts(stream: bytes, buffers: Sequence[memoryview]) -> list[Buffer]:
    """Return count, lengths, then the pickle and its buffers, each padded to a multiple of 64."""
    pieces: list[Buffer] = [stream, *buffers]
    lengths = struct.pack(f"<{1 + len(pieces)}Q", len(pieces), *(len(piece) for piece in pieces))
    parts: list[Buffer] = []
    for piece in (lengths, *pieces):
        parts.append(piece)
        parts.append(bytes(-len(piece) % ALIGN))
    return parts


def _split_buffers(payload: memoryview) -> Iterator[memoryview]:
    (count,) = struct.unpack_from("<Q", payload)
    lengths = struct.unpack_from(f"<{count}Q", payload, 8)
    offset = 8 * (1 + count)
    for length in lengths:
        offset += -offset % ALIGN
        yield payload[offset : offset + length]
        offset += length
