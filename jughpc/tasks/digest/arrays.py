"""How NumPy's objects count in a digest: by dtype, shape and content, not by where NumPy keeps their class.

NumPy is never imported for it: without it there are no such objects.
"""

from __future__ import annotations

import sys
from typing import Any

from jughpc.blake import blake2b
from jughpc.tasks.digest.encoding import SIZE, Hidden, Rule, at_once, hidden, node, ordered, text, tokens_of
from jughpc.tasks.walk import Steps


def rule_of(value: object) -> Rule | None:
    """Return the rule of one of NumPy's objects, None for all others."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.ndarray):
        return _array if type(value) in (numpy.ndarray, numpy.memmap) else _subclass
    if isinstance(value, numpy.generic):
        return _scalar
    return _dtype if isinstance(value, numpy.dtype) else None


def is_array(value: object) -> bool:
    """Tell whether this is one of NumPy's arrays."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def is_array_of_objects(value: Any) -> bool:
    """Tell whether this is exactly one of NumPy's arrays, and holds any Python objects."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray and bool(value.dtype.kind == "O")


def objects_of(array: Any) -> list[Any]:
    """Return what an array holds of Python's objects, masked ones and those in fields too, lists in lists."""
    plain = sys.modules["numpy"].asarray(array)
    return plain.tolist() if plain.dtype.hasobject else []


def save(file: Any, array: Any) -> None:
    """Write an array to an open file in NumPy's own format."""
    sys.modules["numpy"].save(file, array)


def _array(array: Any) -> Steps[bytes]:
    dtype = array.dtype
    if dtype.names is not None:  # field by field: what lies between them is not defined
        fields = [array[name] for name in dtype.names]
        (content,) = yield Hidden([fields], array)
    elif dtype.hasobject or dtype.kind == "T":
        content = yield array.ravel().tolist()
    elif dtype.kind in "fc" and dtype.itemsize > _PADLESS[dtype.kind]:
        content = yield list(map(str, array.ravel()))
    else:
        content = _bytes_token(array)
    dtype_token, shape = yield from tokens_of([dtype, array.shape])
    return node(b"array", [dtype_token, shape, content])


def _bytes_token(array: Any) -> bytes:
    contiguous = array if array.flags.c_contiguous else array.copy("C")
    data = contiguous.reshape(-1).view("u1") if array.nbytes else b""
    return node(b"bytes", [blake2b(data, digest_size=SIZE).digest()])


def _subclass(array: Any) -> Steps[bytes]:
    base = array.view(sys.modules["numpy"].ndarray)
    if type(array).__module__.startswith("numpy.ma"):
        return hidden(b"masked array", array, base, array.mask, array.fill_value)
    return hidden(b"array like", array, type(array), base, getattr(array, "__dict__", None))


def _scalar(scalar: Any) -> Steps[bytes]:
    return ordered(b"scalar", scalar.reshape(1))


def _dtype(dtype: Any) -> Steps[bytes]:
    if dtype.subdtype is not None:
        return ordered(b"dtype of arrays", *dtype.subdtype)
    if dtype.names is None:
        return at_once(node(b"dtype", [text(dtype.str)]))
    return ordered(b"dtype of fields", *[(name, dtype.fields[name][0]) for name in dtype.names])


_PADLESS = {"f": 8, "c": 16}  # bytes; longer ones are padded with what happens to lie there
