"""Functions and arguments as bytes: by reference where a worker can import them, else by value."""

from __future__ import annotations

import inspect
import io
import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from textwrap import dedent
from types import CodeType, FunctionType
from typing import Any

from jughpc.errors import DigestError, UsageError
from jughpc.tasks import source
from jughpc.tasks.digest.encoding import at_once
from jughpc.tasks.digest.hashing import token
from jughpc.tasks.digest.naming import find, name_of
from jughpc.tasks.walk import Steps


class Awaited:
    """A result that may not be there yet, as an argument of another call: digests and workers take it for its task."""

    digest: bytes

    def __jug_steps__(self) -> Steps[bytes]:
        return at_once(b"@" + self.digest)


def dumps(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    """Return arguments as bytes, what is awaited among them by its digest. Raises UsageError."""
    written = io.BytesIO()
    try:
        _pickler()(written, protocol=4).dump((args, dict(kwargs)))
    except Exception as error:  # whatever a __reduce__ raises
        raise UsageError(f"the arguments cannot be handed to workers: {error}") from error
    return written.getvalue()


def loads(data: bytes, known: Mapping[bytes, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments, what was awaited among them from `known`. Raises whatever unpickling does."""
    args, kwargs = _Unpickler(data, known).load()
    return args, kwargs


def function(f: Callable[..., Any]) -> tuple[str, str | None, bytes]:
    """Return the name of a function, its version, and the function as bytes. Raises UsageError.

    One that lies in a module counts by its name, as in jugfiles. One that a worker cannot import, of a script, a
    notebook or another function, counts by its source, too, and by its defaults and what it closes over; not by the
    functions and globals that it uses.
    """
    module, name = name_of(f)
    if module != "__main__" and find(module, name) is f:
        return f"{module}.{name}", None, pickle.dumps(f, protocol=4)
    try:
        told = _told(f) if isinstance(f, FunctionType) else token(f)
    except DigestError as error:
        raise UsageError(f"{name} holds {error}") from error
    return f"{module}.{name}", blake2b(told, digest_size=8).hexdigest(), _by_value(f, name)


def _by_value(f: Callable[..., Any], name: str) -> bytes:
    try:
        import cloudpickle  # only now: it is an extra
    except ImportError:
        raise UsageError(
            f"no worker can import {name}: put it into a module of its own, or pip install 'jughpc[executor]'"
        ) from None
    try:
        data: bytes = cloudpickle.dumps(f, protocol=4)
    except Exception as error:  # whatever a __reduce__ of what it uses raises
        raise UsageError(f"{name} cannot be handed to workers: {error}") from error
    return data


def _told(f: FunctionType) -> bytes:
    """Return what tells a function from others of its name. Raises DigestError."""
    text = None
    with suppress(OSError, TypeError, IndentationError):
        text = source.functions(dedent(inspect.getsource(f)).encode()).get(f.__name__)
    cells = [cell.cell_contents for cell in f.__closure__ or ()]
    return token([text.digest if text else list(_code(f.__code__)), f.__defaults__, f.__kwdefaults__, cells])


def _code(code: CodeType) -> Iterator[object]:
    """Yield what counts of a function's code: not where it stands."""
    yield from (code.co_code, code.co_names, code.co_varnames)
    for constant in code.co_consts:
        yield list(_code(constant)) if isinstance(constant, CodeType) else constant


@cache
def _pickler() -> Any:
    base: Any = pickle.Pickler
    with suppress(ImportError):
        import cloudpickle  # it takes lambdas, too

        base = cloudpickle.Pickler

    class Pickler(base):  # type: ignore[misc]  # one of two
        def persistent_id(self, thing: object) -> bytes | None:
            return thing.digest if isinstance(thing, Awaited) else None

    return Pickler


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, known: Mapping[bytes, Any]) -> None:
        super().__init__(io.BytesIO(data))
        self._known = known

    def persistent_load(self, digest: Any) -> Any:
        return self._known[digest]
