"""The forms in which qstat prints attributes: JSON, values with bars between them, and text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from jughpc.testing.cluster.answers import EPOCH
from jughpc.testing.cluster.pbs_attributes import Attributes, Value
from jughpc.testing.cluster.pbs_ids import SERVER

Entry = tuple[str, Attributes]

_WIDTH = 78


def as_json(now: float, entries: Sequence[Entry], title: str = "Jobs") -> str:
    """Return the header, and all entries under one key, which is absent if there are none."""
    head: dict[str, object] = {"timestamp": int(EPOCH + now), "pbs_version": "23.06.06", "pbs_server": SERVER}
    found = {**head, title: dict(entries)} if entries else head
    return f"{{\n{_members(found, 1)}\n}}\n"


def as_dsv(entries: Sequence[Entry], bar: str = "|") -> str:
    """Return each entry as one line."""
    return "".join(f"{bar.join([f'Job Id: {name}', *_pairs(found, bar)])}\n" for name, found in entries)


def as_text(entries: Sequence[Entry]) -> str:
    """Return each entry as a block of lines, folded as qstat folds them."""
    return "".join(_block(name, found) for name, found in entries)


def _members(found: Mapping[str, object], depth: int) -> str:
    tabs = "\t" * depth
    return ",\n".join(f'{tabs}"{key}":\t{_value(value, depth)}' for key, value in found.items())


def _value(value: object, depth: int) -> str:
    if isinstance(value, Mapping):
        tabs = "\t" * depth
        return f"{{\n{_members(value, depth + 1)}\n{tabs}}}"
    return json.dumps(value)


def _pairs(found: Attributes, bar: str) -> list[str]:
    flat = [pair for key, value in found.items() for pair in _flat(key, value)]
    return [f"{key}={value.replace(bar, chr(92) + bar)}" for key, value in flat]


def _flat(key: str, value: Value) -> list[tuple[str, str]]:
    if not isinstance(value, Mapping):
        return [(key, str(value))]
    if key == "Variable_List":
        return [(key, ",".join(f"{name}={text}" for name, text in value.items()))]
    return [(f"{key}.{name}", str(text)) for name, text in value.items()]


def _block(name: str, found: Attributes) -> str:
    pairs = [pair for key, value in found.items() for pair in _flat(key, value)]
    return "\n".join([f"Job Id: {name}", *(_folded(f"    {key} = {value}") for key, value in pairs), "", ""])


def _folded(line: str) -> str:
    """Return a line, broken after commas where it is too long."""
    lines, current = [], ""
    for part in line.split(","):
        piece = part if not current else f"{current},{part}"
        if current.strip() and len(piece) > _WIDTH:
            lines.append(current + ",")
            current = f"\t{part}"
        else:
            current = piece
    return "\n".join([*lines, current])
