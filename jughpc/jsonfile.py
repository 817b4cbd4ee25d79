"""Read a small file of JSON that anybody may have written: no more than it can hold, each field of its own type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from jughpc.fs import Files

T = TypeVar("T")

MOST = 1 << 24
"""No file of ours that is read so is larger [bytes]: a submission's record, the ends of 10^5 elements."""

_MOST_COUNTED = 1 << 63


def read_json(files: Files, path: str, most: int = MOST) -> Any:
    """Return what `path` holds. Raises FileNotFoundError, ValueError that says what is wrong with it."""
    data = files.read(path, most + 1)
    if len(data) > most:
        raise ValueError(f"{path} is larger than any such file")
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError(f"{path} is nested deeper than any such file") from None


def whole(kind: type[T], found: object, **known: object) -> T:
    """Return the dataclass `kind` made of what JSON held: texts, numbers and switches, each exactly of its own type.

    Args:
        found: Fields that `kind` does not have are passed over, those with a default may be absent.
        known: Fields of `kind` that are not taken from there.
    Raises:
        ValueError: A field is absent, of another type, or a number that nobody counts to.
    """
    if not isinstance(found, Mapping):
        raise ValueError(f"{str(found)[:60]!r} has no fields")
    kinds = {one.name: str(one.type) for one in fields(kind)}  # type: ignore[arg-type]  # every dataclass is one
    taken = {key: value for key, value in found.items() if key in kinds and key not in known}
    for key, value in taken.items():
        if not _is_of(kinds[key], value):
            raise ValueError(f"its {key} is {str(value)[:60]!r}")
    try:
        return kind(**taken, **known)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _is_of(kind: str, value: object) -> bool:
    if kind == "str":
        return isinstance(value, str)
    if kind == "bool" or isinstance(value, bool):
        return kind == "bool" and isinstance(value, bool)
    if not isinstance(value, int) and not (kind == "float" and isinstance(value, float)):
        return False
    return kind in ("int", "float") and -_MOST_COUNTED < value < _MOST_COUNTED  # NaN is not
