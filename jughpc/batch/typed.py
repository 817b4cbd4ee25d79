"""What was read from a file is data: each field has its type and its pattern, or the whole of it is refused.

Anybody who may write to a jugdir may have written its records; a name in one is no path and no option before this.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from jughpc.batch.container import RUNTIMES

T = TypeVar("T")

MOST = 2**31 - 1  # what schedulers count in
MOST_ELEMENTS = 10**6  # of a submission: whoever reads of more has a damaged record before him
_LARGEST = 1 << 60  # [bytes] of memory, or of a disk
_MOST = dict.fromkeys(("memory", "packed", "room"), _LARGEST) | {"size": MOST_ELEMENTS}

_TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
_PATTERNS = {
    "id": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.;\[\]-]{0,127}"),
    "after": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.;\[\]-]{0,127}"),
    "Never.reason": re.compile(r"(?s).*"),  # the scheduler's words, lines of them; shown, and nothing else
    "Workload.name": re.compile(r"[^\x00]*"),  # of a file, which may be called anything; jobs are called by its letters
    "name": re.compile(r"(?!-)[^\x00-\x1f\x7f-\x9f\u2028\u2029/]{1,255}"),
    "digest": re.compile(r"[0-9a-f]{64}"),
    "token": re.compile(r"[0-9a-f]{4,16}"),
    "scheduler": re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}"),
    "argv": re.compile(r"[^\x00]*"),  # quoted wherever they go; a line break in one is refused when it is rendered
    "probe": re.compile(r"[^\x00]*"),
    "python": re.compile(r"(?!-)[^\x00-\x1f\x7f-\x9f]{1,4096}"),
    "runtime": re.compile("|".join(RUNTIMES)),
    "image": re.compile(r"(?!-)[^\x00-\x1f\x7f-\x9f]{1,4096}"),
    "exclude": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,\[\]-]{0,4095}"),
    "only": re.compile(r"(?:|default|[a-z]+=[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,4096})"),
    "asks": re.compile(r"(?:|[a-z_]+=[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,4096})"),
    "Accepted.scheduler": re.compile(r"(?:|[A-Za-z][A-Za-z0-9_-]{0,63})"),
    "setup": re.compile(r"[^\x00\r\n]*"),
}
"""What the texts of some fields match in full; all others hold no control characters."""


def checked(value: T) -> T:
    """Return `value`, a dataclass, if each of its fields, and theirs, is what its annotation and name say.

    Raises ValueError that names the first field that is not.
    """
    kinds: dict[str, Any] = _hints(type(value))  # type: ignore[arg-type]  # every class is hashable
    for key, kind in kinds.items():
        own = f"{type(value).__name__}.{key}"
        _check(own if own in _PATTERNS else key, getattr(value, key), kind)
    return value


def texts(value: object) -> tuple[str, ...]:
    """Return a list that was read from JSON as a tuple; one text is no list of letters. Raises TypeError."""
    if not isinstance(value, list):
        raise TypeError(f"{str(value)[:60]!r} is no list")
    return tuple(value)


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _check(key: str, value: object, kind: Any) -> None:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        if not any(_passes(key, value, other) for other in get_args(kind)):
            raise _refused(key, value)
    elif origin is tuple:
        _check_all(key, value, tuple, get_args(kind)[0])
    elif origin is not None and issubclass(origin, Mapping):
        _check_all(key, value, dict, str)
        for item in value.values():  # type: ignore[attr-defined]  # a dict by now
            _check("", item, get_args(kind)[1])
    elif not _is(key, value, kind):
        raise _refused(key, value)


def _check_all(key: str, value: object, container: type, kind: Any) -> None:
    if not isinstance(value, container):
        raise _refused(key, value)
    for item in value:  # type: ignore[attr-defined]  # a tuple or a dict by now
        _check(key if container is tuple else "", item, kind)


def _passes(key: str, value: object, kind: Any) -> bool:
    try:
        _check(key, value, kind)
    except ValueError:
        return False
    return True


def _is(key: str, value: object, kind: Any) -> bool:
    if dataclasses.is_dataclass(kind):
        return isinstance(value, kind) and checked(value) is value  # type: ignore[arg-type]
    if kind is str:
        return isinstance(value, str) and bool(_PATTERNS.get(key, _TEXT).fullmatch(value))
    if kind is int:
        most = _MOST.get(key, MOST)
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most
    if kind is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    if kind is Path:
        return isinstance(value, Path) and value.is_absolute() and bool(_TEXT.fullmatch(str(value)))
    return isinstance(value, kind) if isinstance(kind, (type, enum.EnumMeta)) else value is None


def _refused(key: str, value: object) -> ValueError:
    return ValueError(f"its {key or 'mapping'} is {str(value)[:60]!r}")
