"""What somebody else may have put where a file of ours has a field, and where such fields are."""

from __future__ import annotations

import dataclasses

FOREIGN = [
    "", "../../x", "/etc/passwd", "--user=me", "-1", "a\nb", "a\0b", "\x1b[2J", "\ud800", "x" * 5000, 0, -1, 1.5,
    10**15, 10**30, -(10**30), True, None, [], [7], ["--user=me"], {}, {"a": {}}, [["x"]],
    float("nan"), float("inf"), float("-inf"),
]  # fmt: skip


def paths_of(fields, above=()):
    """Yield the path of every field, those inside of others too, and of each member of a list."""
    members = fields.items() if isinstance(fields, dict) else enumerate(fields) if isinstance(fields, list) else ()
    for key, value in members:
        yield (*above, key)
        yield from paths_of(value, (*above, key))


def replaced(fields, path, value):
    """Return `fields` with another value at `path`."""
    head, *rest = path
    inner = replaced(fields[head], rest, value) if rest else value
    if isinstance(fields, list):
        return [*fields[:head], inner, *fields[head + 1 :]]
    return {**fields, head: inner}


def lacking(fields, path):
    """Return `fields` without what is at `path`."""
    head, *rest = path
    if rest:
        return replaced(fields, path[:1], lacking(fields[head], rest))
    if isinstance(fields, list):
        return fields[:head] + fields[head + 1 :]
    return {key: value for key, value in fields.items() if key != head}


def leaves(value, name=""):
    """Yield each plain value in what was read, with the name of the field that it is in."""
    if dataclasses.is_dataclass(value):
        value = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"key of {name}", key
            yield from leaves(inner, key if isinstance(key, str) else name)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for inner in value:
            yield from leaves(inner, name)
    else:
        yield name, value
