"""A result file: one or many results, immutable, checksummed, read in place.

Layout, little endian: magic (8 bytes), count (u32), CRC-32 of the index (u32); the index: count times
digest (16 bytes), offset, length (u64), codec, CRC-32 of the payload (u32); then the payloads. Those
of 64 bytes and more start at a multiple of 64, so that arrays can be used where they are mapped.
"""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pickle import dumps
from typing import Any, NamedTuple
from zlib import crc32

from jughpc.errors import UnstorableError
from jughpc.fs import Buffer
from jughpc.store.payload import (
    ALIGN,
    buffer_parts,
    compressed,
    is_array,
    npy_parts,
    packed,
    pays,
    pickled,
    read_npy,
    split_buffers,
)
from jughpc.store.pieces import Pieces, in_pieces

MAGIC = b"\x89jughpc\x01"
HEAD = 16 * 1024  # a first read that covers the index of a usual pack

_HEADER = struct.Struct("<8sII")
_ENTRY = struct.Struct("<16sQQII")
_REST = struct.Struct("<QQII")  # of an entry, behind the digest

PICKLE, NPY, BUFFERS = 1, 2, 3  # codecs: plain pickle, .npy, pickle 5 with its buffers behind it
ZLIB = 0x100  # flag: the payload is compressed

BY_REFERENCE = 4 << 20  # [bytes] an encoded result of more refers to the value's own memory, a smaller one is a copy

_SMALL = 4096  # [bytes] of a plain value that is not compressed
_JOINED = 1 << 16  # [bytes] smaller parts are written together
_PLAIN = frozenset({int, float, bool, type(None), str, bytes})  # never hold out-of-band buffers
_NUMBERS, _FEW = frozenset({int, float, bool, type(None)}), 64


class Encoded(NamedTuple):
    """A result ready to be written: its codec, checksum and payload in parts.

    One of more than BY_REFERENCE bytes is to be written before its value can change.
    """

    codec: int
    crc: int
    length: int
    parts: tuple[Buffer | Pieces, ...]


_new = tuple.__new__  # half the time of a call of Encoded


class Entry(NamedTuple):
    """Where one result lies in a file."""

    offset: int
    length: int
    codec: int
    crc: int


class DamagedError(ValueError):
    """These bytes are no whole result file."""


class Index:
    """The index of a file for look-ups, checked once: 41 bytes a result, where a dict takes 300."""

    __slots__ = ("_entries", "_last")

    def __init__(self, head: Buffer) -> None:
        """Take it from `head`, which holds at least header and index. Raises DamagedError."""
        self._entries = bytes(_index(head))
        self._last = self._entries[15 :: _ENTRY.size]  # of each digest the last byte: where to look closer

    def __len__(self) -> int:
        return len(self._last)

    def find(self, digest: bytes) -> Entry | None:
        """Return where the result of `digest` lies, None if it is not in the file."""
        entries, last, size = self._entries, self._last, _ENTRY.size
        place = last.find(digest[15])
        while place >= 0:
            if entries.startswith(digest, place * size):
                return Entry._make(_REST.unpack_from(entries, place * size + 16))
            place = last.find(digest[15], place + 1)
        return None


def encode(value: object) -> Encoded:
    """Encode a result. Raises UnstorableError if it cannot be pickled."""
    if type(value) in _PLAIN or _is_few_numbers(value):  # mostly: a million of them are to cost little
        stream = dumps(value, 5)
        if len(stream) < _SMALL:
            return _new(Encoded, (PICKLE, crc32(stream), len(stream), (stream,)))
    if is_array(value):
        return _sealed(NPY, npy_parts(value))
    if (pieces := in_pieces(value)) is not None:
        return _in_pieces(pieces)
    try:
        parts, buffers = pickled(value)
        raw = [buffer.raw() for buffer in buffers]
    except Exception as error:  # user classes may raise anything while they are pickled
        advice = "; return list(...) of it" if isinstance(value, Iterator) else ""
        raise UnstorableError(f"the result, a {type(value).__qualname__}, cannot be stored: {error}{advice}") from error
    if buffers:
        return _sealed(BUFFERS, buffer_parts(parts, raw))
    if len(parts) == 1 and len(parts[0]) < _SMALL:
        return _new(Encoded, (PICKLE, zlib.crc32(parts[0]), len(parts[0]), tuple(parts)))
    smaller = compressed(parts)
    return _sealed(PICKLE, parts) if smaller is None else _sealed(PICKLE | ZLIB, smaller)


def _in_pieces(pieces: Pieces) -> Encoded:
    if pays(pieces.sample()):
        return _sealed(PICKLE | ZLIB, packed(pieces))
    return Encoded(PICKLE, pieces.crc, len(pieces), (pieces,))


def _is_few_numbers(value: Any) -> bool:
    return type(value) in (tuple, list) and len(value) <= _FEW and _NUMBERS.issuperset(map(type, value))


def decode(data: memoryview, entry: Entry) -> Any:
    """Return the result at `entry` of the file `data`; arrays refer to `data`. Raises DamagedError."""
    check(data, entry)
    return unchecked(data, entry)


def check(data: memoryview, entry: Entry) -> None:
    """Raise DamagedError unless the payload at `entry` of the file `data` fits its checksum."""
    payload = data[entry.offset : entry.offset + entry.length]
    if len(payload) != entry.length or zlib.crc32(payload) != entry.crc:
        raise DamagedError("its checksum does not fit its content")


def unchecked(data: memoryview, entry: Entry) -> Any:
    """Do as `decode` does, without a look at the checksum."""
    payload = data[entry.offset : entry.offset + entry.length]
    if entry.codec & ~ZLIB not in (PICKLE, NPY, BUFFERS):
        raise DamagedError(f"its codec {entry.codec} is none of ours; a later version of jughpc may know it")
    codec = entry.codec & 0xFF
    try:
        if entry.codec & ZLIB:
            payload = memoryview(zlib.decompress(payload))
        if codec == NPY:
            return read_npy(payload)
        stream, *buffers = split_buffers(payload) if codec == BUFFERS else [payload]
    except (ValueError, zlib.error, struct.error) as error:
        raise DamagedError(f"its content is not what its codec says: {error}") from error
    return pickle.loads(stream, buffers=buffers)


def decode_copy(payload: bytes, entry: Entry) -> Any:
    """Return the result at `entry`, given its payload, which others read too, so that it refers to none of it.

    Raises DamagedError.
    """
    _, length, codec, crc = entry
    if codec == PICKLE and len(payload) == length and zlib.crc32(payload) == crc:  # mostly, and quicker so
        return pickle.loads(payload)
    return decode(memoryview(bytearray(payload)), entry._replace(offset=0))


def pack(results: Mapping[bytes, Encoded]) -> Iterable[Buffer]:
    """Return the parts of a result file that holds `results`."""
    offset = _HEADER.size + _ENTRY.size * len(results)
    entries, entry = list[bytes](), _ENTRY.pack
    body: list[Buffer | Pieces] = []
    for digest, (codec, crc, length, parts) in results.items():  # which is quicker than columns of all
        if length >= ALIGN and (gap := -offset % ALIGN):
            body.append(bytes(gap))
            offset += gap
        entries.append(entry(digest, offset, length, codec, crc))
        body += parts
        offset += length
    index = b"".join(entries)
    whole = [_HEADER.pack(MAGIC, len(results), zlib.crc32(index)), index, *_joined(body)]
    return _Parts(whole) if Pieces in map(type, whole) else whole


class _Parts(Iterable[Buffer]):
    """Parts of a file, of which some are made anew each time they are gone through."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[Buffer]:
        for part in self._parts:
            yield from part if type(part) is Pieces else (part,)


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


def read_digests(head: Buffer) -> frozenset[bytes]:
    """Return whose results a file holds; `head` holds at least header and index. Raises DamagedError."""
    return frozenset(map(itemgetter(0), _ENTRY.iter_unpack(_index(head))))


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


def whole(data: memoryview) -> dict[bytes, Encoded]:
    """Return the results of the file `data` as they were encoded, none if one is damaged. Raises DamagedError."""
    found = dict[bytes, Encoded]()
    for digest, offset, length, codec, crc in _ENTRY.iter_unpack(_index(data)):
        payload = data[offset : offset + length]
        if len(payload) != length or crc32(payload) != crc:
            return {}
        found[digest] = _new(Encoded, (codec, crc, length, (payload,)))
    return found


def _sealed(codec: int, parts: Sequence[Buffer]) -> Encoded:
    length = sum(memoryview(part).nbytes for part in parts)
    if length <= BY_REFERENCE:  # it may wait for others: a function may return the same array again, with other content
        parts = (b"".join(parts),)
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return Encoded(codec, crc, length, tuple(parts))


def _joined(parts: Sequence[Any]) -> Iterator[Any]:
    """Yield `parts` with runs of small ones joined: one system call, not hundreds."""
    if max(map(len, parts), default=0) < _JOINED:  # as mostly, and quicker so
        yield b"".join(parts)
        return
    run: list[Buffer] = []
    for part in parts:
        if len(part) >= _JOINED:
            yield b"".join(run)
            yield part
            run = []
        else:
            run.append(part)
    yield b"".join(run)
