"""The payload of one result: how a value becomes bytes, and becomes a value again."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from jughpc.fs import Buffer

ALIGN = 64

_SMALL = 4096  # [bytes] below it compression cannot pay for itself
_SAMPLES, _SAMPLE = 4, 1 << 14  # so many pieces of so many bytes are compressed first, to see whether it pays
_NPY_KINDS = frozenset("?biufcmMSU")


class _Parts(list[Buffer]):
    """A file to be pickled into: keeps what is written, and large strings of bytes by reference, not copied."""

    write = list.append


def pickled(value: object) -> tuple[list[Buffer], list[pickle.PickleBuffer]]:
    """Return the parts of the pickle of `value`, and its out-of-band buffers. Raises what its classes raise."""
    parts, buffers = _Parts(), list[pickle.PickleBuffer]()
    pickle.Pickler(parts, 5, buffer_callback=buffers.append).dump(value)
    return parts, buffers


def compressed(parts: Sequence[Buffer]) -> list[Buffer] | None:
    """Return `parts` compressed, None if samples from all over them say that it saves less than a third."""
    size = sum(map(len, parts))
    return packed(parts) if size >= _SMALL and pays(_samples(parts, size)) else None


def pays(samples: bytes) -> bool:
    """Return whether to compress `samples` saves a third."""
    return len(zlib.compress(samples, 1)) * 3 <= len(samples) * 2


def packed(parts: Iterable[Buffer]) -> list[Buffer]:
    """Return `parts` compressed."""
    packer = zlib.compressobj(1)
    return [*(piece for part in parts if (piece := packer.compress(part))), packer.flush()]


def _samples(parts: Sequence[Buffer], size: int) -> bytes:
    """Return pieces that lie evenly in `parts`, all of it if it is short."""
    if size <= _SAMPLES * _SAMPLE:
        return b"".join(parts)
    starts = [i * (size - _SAMPLE) // (_SAMPLES - 1) for i in range(_SAMPLES)]
    return b"".join([_piece(parts, start) for start in starts])


def _piece(parts: Sequence[Buffer], start: int) -> bytes:
    """Return about _SAMPLE bytes of `parts` from `start` on."""
    found, missing = list[Buffer](), _SAMPLE
    for part in parts:
        if start < len(part) and missing > 0:
            found.append(memoryview(part)[start : start + missing])
            missing -= len(found[-1])
        start = max(0, start - len(part))
    return b"".join(found)


def is_array(value: object) -> bool:
    """Tell whether `value` is an array that a .npy file holds as it is."""
    numpy = sys.modules.get("numpy")  # who has an array has imported it
    if numpy is None or type(value) is not numpy.ndarray:
        return False
    array: Any = value
    if array.dtype.kind not in _NPY_KINDS or not array.itemsize or array.dtype.metadata:
        return False  # a .npy header cannot tell all of these dtypes; a pickle can, and is as fast
    return bool(array.flags.c_contiguous or array.flags.f_contiguous)


def npy_parts(array: Any) -> list[Buffer]:
    """Return the header and the data of an array, the data where they lie."""
    from numpy.lib import format as npy

    head = io.BytesIO()
    npy.write_array_header_2_0(head, npy.header_data_from_array_1_0(array))
    order = array if array.flags.c_contiguous else array.T
    return [head.getvalue(), memoryview(order.reshape(-1).view("u1") if order.size else b"")]


def read_npy(payload: memoryview) -> Any:
    """Return the array that `payload` holds, and refers to."""
    import numpy as np
    from numpy.lib import format as npy

    head = io.BytesIO(payload[: 1 << 16])
    npy.read_magic(head)
    shape, fortran, dtype = npy.read_array_header_2_0(head)
    if min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape}")
    flat = np.frombuffer(payload[head.tell() :], dtype=dtype)
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def buffer_parts(stream: Sequence[Buffer], buffers: Sequence[memoryview]) -> list[Buffer]:
    """Return count, lengths, then the pickle and its buffers, each padded to a multiple of 64."""
    sizes = [sum(map(len, stream)), *map(len, buffers)]
    lengths = struct.pack(f"<{1 + len(sizes)}Q", len(sizes), *sizes)
    parts: list[Buffer] = [lengths, _padding(len(lengths)), *stream, _padding(sizes[0])]
    for buffer in buffers:
        parts += buffer, _padding(len(buffer))
    return parts


def split_buffers(payload: memoryview) -> Iterator[memoryview]:
    """Yield the pickle and its buffers."""
    (count,) = struct.unpack_from("<Q", payload)
    if count * 8 > len(payload):
        raise ValueError(f"{count} buffers in {len(payload)} bytes")
    lengths = struct.unpack_from(f"<{count}Q", payload, 8)
    offset = 8 * (1 + count)
    for length in lengths:
        offset += -offset % ALIGN
        if offset + length > len(payload):
            raise ValueError(f"a buffer ends behind the end, at {offset + length} of {len(payload)}")
        yield payload[offset : offset + length]
        offset += length


def _padding(length: int) -> bytes:
    return bytes(-length % ALIGN)
