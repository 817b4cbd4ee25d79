"""The hash of jug 2.7: kept only to find what jug computed.

It gives different calls one hash, as f([1], 2) and f([1, 2]), and depends on how objects are pickled; so
nothing new is ever named by it.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable
from functools import partial
from hashlib import sha1
from operator import itemgetter
from types import FunctionType
from typing import Any

from jughpc.library.describe import topological_sort
from jughpc.library.mapreduce import block_access, block_access_slice
from jughpc.tasks.compound import whole_of
from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task
from jughpc.tasks.tasklet import NoLoad, Tasklet, checked_item
from jughpc.tasks.unsafe import NoHash

Pairs = Iterable[tuple[Any, Any]]


class UnknownHashError(Exception):
    """What jug's hash of this is cannot be told."""


def hashes_of(tasks: Iterable[Task[Any]]) -> dict[bytes, bytes]:
    """Return jug's hash by our digest, for those tasks whose hash can be told."""
    ordered = list({task.digest: task for task in tasks}.values())
    topological_sort(ordered)
    hasher = _Hasher()
    for task in ordered:
        hasher.learn(task)
    return hasher.known


class _Hasher:
    """Hashes tasks whose dependencies it has hashed before.

    Attributes:
        known: jug's hash by our digest.
    """

    def __init__(self) -> None:
        self.known: dict[bytes, bytes] = {}

    def learn(self, task: Task[Any]) -> None:
        """Find out the hash of `task`, if it can be told."""
        call = whole_of(task)
        try:
            content = self._pairs([("name", call.name.encode()), ("args", call.args), ("kwargs", dict(call.kwargs))])
            self.known[task.digest] = sha1(content).hexdigest().encode()  # noqa: S324  # as jug does
        except (UnknownHashError, pickle.PicklingError, TypeError, AttributeError, RecursionError):
            return

    def _one(self, thing: Any) -> bytes:
        return sha1(self._pairs([("hash1", thing)])).hexdigest().encode()  # noqa: S324  # as jug does

    def _pairs(self, pairs: Pairs) -> bytes:
        return b"".join(_pickled(label) + self._bytes(thing) for label, thing in pairs)

    def _bytes(self, thing: Any) -> bytes:
        own = self._of_ours(thing)
        if own is not None:
            return own
        if hasattr(thing, "__jug_hash__"):
            return bytes(thing.__jug_hash__())
        kind = type(thing)
        if kind in (list, tuple):
            return repr(kind).encode() + self._pairs(enumerate(thing))
        if kind in (set, frozenset):
            return kind.__name__.encode() + self._pairs(enumerate(sorted(map(self._one, thing))))
        if kind is dict:
            return b"dict" + self._pairs(sorted((self._one(key), thing[key]) for key in thing))
        return self._array(thing) if _is_array(thing) else _pickled(thing)

    def _of_ours(self, thing: Any) -> bytes | None:
        """Return what jug fed of an object of its own, None for all others."""
        if isinstance(thing, Task):
            if thing.digest not in self.known:
                raise UnknownHashError(thing.name)
            return self.known[thing.digest]
        if isinstance(thing, NoHash):
            return b"nohash"
        if isinstance(generator := _generator_of(thing), TaskGenerator):
            return _pickled_generator(generator)
        if isinstance(thing, Tasklet):
            return self._tasklet(thing)
        return self._block_access(thing)

    def _tasklet(self, tasklet: Tasklet[Any]) -> bytes:
        content = b"Tasklet" + self._pairs([("base", self._base(tasklet)), ("f", _Fed(self._function(tasklet)))])
        return sha1(content).hexdigest().encode()  # noqa: S324  # as jug does

    def _base(self, tasklet: Tasklet[Any]) -> Any:
        return tasklet.base[0] if isinstance(tasklet.base, tuple) else tasklet.base  # (base, index that holds tasks)

    def _function(self, tasklet: Tasklet[Any]) -> bytes:
        f = tasklet.f
        if isinstance(tasklet, NoLoad):
            return _pickled("NoLoad")
        if isinstance(tasklet.base, tuple):
            return self._one(("jug.task._getitem", tasklet.base[1]))
        if isinstance(f, itemgetter):
            return self._one(("jug.task._getitem", f.__reduce__()[1][0]))
        if isinstance(f, partial) and f.func is checked_item:
            return _pickled_check(*f.args)
        if getattr(f, "__name__", "<lambda>") == "<lambda>":
            raise UnknownHashError(repr(f))
        return _pickled(f)

    def _block_access(self, thing: Any) -> bytes | None:
        if isinstance(thing, block_access):
            blocks = {"len": thing.len, "blocks": list(thing.blocks), "block_size": thing.block_size}
            return self._one({"type": "map-access", **blocks})
        if isinstance(thing, block_access_slice):
            where = {"start": thing.orig.start, "stop": thing.orig.stop, "stride": thing.orig.step}
            return self._one({"type": "map-access-slice", "base": thing.access, **where})
        return None

    def _array(self, array: Any) -> bytes:
        head = b"np.ndarray" + _pickled(array.dtype) + _pickled(array.shape)
        if array.dtype.hasobject:
            return head + self._pairs(enumerate(array.ravel()))
        return head + bytes(array.tobytes(order="C"))


class _Fed:
    """Bytes that are fed as they are."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __jug_hash__(self) -> bytes:
        return self._content


def _generator_of(thing: Any) -> Any:
    """Return the TaskGenerator that took the name of a function, else `thing` itself."""
    if not isinstance(thing, FunctionType):
        return thing
    named = getattr(sys.modules.get(thing.__module__), thing.__name__, None)
    return named if isinstance(named, TaskGenerator) and named.f is thing else thing


def _is_array(thing: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(thing) is numpy.ndarray


def _pickled(thing: Any) -> bytes:
    return pickle.dumps(thing, protocol=4)


def _pickled_generator(generator: TaskGenerator[Any, Any]) -> bytes:
    """Return the pickle of jug's own TaskGenerator: its class, and module and name as its state."""
    texts = [_short(text) for text in ("jug.task", "TaskGenerator", generator.f.__module__, generator.f.__name__)]
    return _framed(texts[0] + texts[1] + b"\x93\x94)\x81\x94" + texts[2] + texts[3] + b"\x86\x94b.")


def _pickled_check(n: int, i: int) -> bytes:
    """Return the pickle of what jug's return_tuple applies: functools.partial(jug.task._get_check, i=i, n=n)."""
    functools, name, task, check = (_short(text) for text in ("functools", "partial", "jug.task", "_get_check"))
    function = functools + name + b"\x93\x94" + task + check + b"\x93\x94\x85\x94R\x94"
    numbers = _short("i") + bytes([ord("K"), i]) + _short("n") + bytes([ord("K"), n])
    return _framed(function + b"(h\x05)}\x94(" + numbers + b"uNt\x94b.")


def _framed(body: bytes) -> bytes:
    return b"\x80\x04\x95" + len(body).to_bytes(8, "little") + body


def _short(text: str) -> bytes:
    """Return a text of up to 255 bytes as pickle writes it, with its place in the memo."""
    encoded = text.encode()
    return b"\x8c" + bytes([len(encoded)]) + encoded + b"\x94"
