"""Values and dependencies of nested arguments: which tasks they hold, and what they are once computed.

Looked into: lists, tuples, dicts with their keys, sets, dataclasses, and what derives from these, and NumPy's
arrays of objects. An exact list, tuple or dict always becomes a new one, so that no function changes another's
arguments; the others are copied only if a task is in them. Other objects stay as they are, unless they have a
method `__jug_value__` or `__jug_dependencies__`; that no task is in them the digest has made sure.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from jughpc.tasks.digest.arrays import is_array_of_objects
from jughpc.tasks.digest.encoding import PLAIN
from jughpc.tasks.walk import Steps, fold

PLACES: dict[type, Callable[[Any], Any]] = {}
"""By exact type of what keeps its value once it was read, and says so (`is_loaded`), and is not looked into again: what
sorts such things by where their values lie."""

_MANY = 1000  # values in one container that are worth sorting


class Resolved(NamedTuple):
    """A value and whether it differs from what stood there because of a task."""

    value: Any
    changed: bool


def resolve(thing: Any) -> Any:
    """Return `thing` with everything in it that stands for a value replaced by the value."""
    kind = type(thing)
    if kind in PLAIN:
        return thing
    if kind in PLACES:  # as mostly, where it stands for a value
        return thing.__jug_value__()
    return fold(_steps(thing), _steps, _again).value


class _Instead:
    """What stands in the place of a value that is not there."""

    __jug_steps__ = None  # it is final, whatever it is

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __jug_value__(self) -> Any:
        return self._thing


def with_instead(thing: Any, is_missing: Callable[[Any], bool], instead: Any) -> Any:
    """Return `thing` with what stands for a value that is missing replaced by what stands for `instead`."""

    def steps(part: Any) -> Steps[Resolved]:
        if hasattr(type(part), "__jug_value__"):
            gone = is_missing(part)
            return Resolved(_Instead(instead) if gone else part, gone)
        if (rebuild := _rebuilder(part)) is None:
            return Resolved(part, False)
        parts, changed = list(_contents(part)), False
        for i, one in enumerate(parts):
            if type(one) not in PLAIN:
                outcome: Resolved = yield one
                parts[i], changed = outcome.value, changed or outcome.changed
        return Resolved(rebuild(part, parts) if changed else part, changed)

    return fold(steps(thing), steps, _again).value


def parts_of(thing: Any) -> Iterable[Any]:
    """Return what `thing` holds, if it is something that is looked into."""
    if hasattr(type(thing), "__jug_dependencies__"):
        return thing.__jug_dependencies__()  # type: ignore[no-any-return]  # users' own method
    return _contents(thing)


def _contents(thing: Any) -> Iterable[Any]:
    if isinstance(thing, dict):
        return (part for pair in thing.items() for part in pair)
    if isinstance(thing, list | tuple | set | frozenset):
        return thing
    if is_dataclass(thing) and not isinstance(thing, type):
        return [getattr(thing, field.name) for field in fields(thing)]
    return thing.ravel().tolist() if is_array_of_objects(thing) else ()


def holders(
    thing: Any, kind: type | tuple[type, ...], whole: Callable[[Any], bool] = lambda part: False
) -> Iterator[Any]:
    """Yield the instances of `kind` in `thing`, in order, and what `whole` says yes to, without looking into them."""
    stack = [iter((thing,))]
    path: dict[int, Any] = {id(stack): None}  # one entry a level: what contains itself is entered once
    while stack:
        for part in stack[-1]:
            if type(part) in PLAIN or id(part) in path:
                continue
            if isinstance(part, kind) or whole(part):
                yield part
                continue
            stack.append(iter(parts_of(part)))
            path[id(part)] = part
            break
        else:
            stack.pop()
            path.popitem()


def _steps(thing: Any) -> Steps[Resolved]:
    if hasattr(type(thing), "__jug_value__"):
        value = thing.__jug_value__()
        is_final = type(value) in PLAIN or hasattr(type(thing), "__jug_steps__")  # our own classes resolve themselves
        return Resolved(value if is_final else (yield value).value, True)
    rebuild = _rebuilder(thing)
    if rebuild is None:
        return Resolved(thing, False)
    return (yield from _container(thing, list(_contents(thing)), rebuild))


def _rebuilder(thing: Any) -> Callable[[Any, list[Any]], Any] | None:
    for kind, rebuild in _CONTAINERS:
        if isinstance(thing, kind):
            return rebuild
    if is_array_of_objects(thing):
        return _new_array
    return _new_dataclass if is_dataclass(thing) and not isinstance(thing, type) else None


def _container(thing: Any, parts: list[Any], rebuild: Callable[[Any, list[Any]], Any]) -> Steps[Resolved]:
    if len(parts) > _MANY:
        _read_by_place(parts)
        if PLACES.keys() >= set(map(type, parts)):  # as mostly: a thousand tasks may have the same large list
            return Resolved(rebuild(thing, [part.__jug_value__() for part in parts]), True)
    changed = False
    for i, part in enumerate(parts):
        kind = type(part)
        if kind in PLACES:  # as mostly, where there are many: no generator for each
            parts[i], changed = part.__jug_value__(), True
        elif kind not in PLAIN:
            outcome: Resolved = yield part
            parts[i] = outcome.value
            changed = changed or outcome.changed
    if changed or type(thing) in _ALWAYS_NEW:
        return Resolved(rebuild(thing, parts), changed)
    return Resolved(thing, False)


def _read_by_place(parts: list[Any]) -> None:
    """Have many values read that were not yet, in the order in which they are stored: each file once."""
    for kind, place in PLACES.items():
        here: list[Any] = [part for part in parts if type(part) is kind]
        for part in sorted((part for part in here if not part.is_loaded()), key=place):
            part.__jug_value__()


def _again(thing: Any, levels: int) -> Resolved:
    return Resolved(thing, False)  # what contains itself keeps itself


def _new_list(thing: list[Any], parts: list[Any]) -> list[Any]:
    if type(thing) is list:
        return parts
    new = copy.copy(thing)
    new[:] = parts
    return new


def _new_tuple(thing: tuple[Any, ...], parts: list[Any]) -> tuple[Any, ...]:
    return tuple.__new__(type(thing), parts)  # named tuples take their fields one by one


def _new_set(thing: Any, parts: list[Any]) -> Any:
    return type(thing)(parts)


def _new_dict(thing: dict[Any, Any], parts: list[Any]) -> dict[Any, Any]:
    pairs = zip(parts[::2], parts[1::2], strict=True)
    if type(thing) is dict:
        return dict(pairs)
    new = copy.copy(thing)  # keeps a default factory
    new.clear()
    new.update(pairs)
    return new


def _new_dataclass(thing: Any, parts: list[Any]) -> Any:
    new = copy.copy(thing)
    for field, part in zip(fields(thing), parts, strict=True):
        object.__setattr__(new, field.name, part)  # a frozen one, too
    return new


def _new_array(thing: Any, parts: list[Any]) -> Any:
    new = thing.copy()
    for i, part in enumerate(parts):
        new.flat[i] = part  # one by one: a value may be an array itself
    return new


_ALWAYS_NEW = (list, tuple, dict)
_CONTAINERS: list[tuple[type, Callable[[Any, list[Any]], Any]]] = [
    (dict, _new_dict),
    (list, _new_list),
    (tuple, _new_tuple),
    (set, _new_set),
    (frozenset, _new_set),
]
