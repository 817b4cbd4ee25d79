"""Alike: whether two functions or classes could behave differently, by all that they are made of."""

from __future__ import annotations

import copyreg
import dis
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache, singledispatch
from types import CodeType, DynamicClassAttribute, FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from jughpc.errors import DigestError

Token = Callable[[object], bytes]
CachedFunctionType = type(lru_cache(len))
DISPATCHER: CodeType = getattr(singledispatch(len), "__code__")  # noqa: B009  # typed without one
Pair = tuple[str, Any, Any]
"""What two things are to their owners, in words, and the two."""

_ABSENT: Any = object()
_WHOLE = "in kind"
_IN_DIGEST: tuple[str, ...] = ("their defaults", "what they close over")  # of local functions
_LOADS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_SLOTS = (MemberDescriptorType, GetSetDescriptorType)
_BOOKS = {  # what Python and its library write into a class, beside what it does
    *("__dict__", "__weakref__", "__doc__", "__module__", "__firstlineno__", "__static_attributes__"),
    *("__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__", "__orig_bases__"),
    *("__parameters__", "__dataclass_fields__", "__dataclass_params__", "__abstractmethods__", "_abc_impl"),
}
_globals_of: dict[CodeType, tuple[str, ...]] = {}


def difference(one: Any, other: Any, token: Token, is_whole: bool) -> str:
    """Return in what two things differ that count by the same name, in words; empty if in nothing.

    What can be compared by no means counts as different. Of functions, `is_whole` says that their defaults and
    what they close over are known to be alike.
    """
    seen: set[tuple[int, int]] = set()
    waiting: list[Pair] = [(_WHOLE, one, other)]
    known = _IN_DIGEST if is_whole else ()
    while waiting:
        what, a, b = waiting.pop()
        a, b = bare(a), bare(b)
        if a is b or (id(a), id(b)) in seen:
            continue
        seen.add((id(a), id(b)))
        pairs = _pairs(what, a, b, token)
        if pairs is None:
            return what
        waiting += [pair for pair in pairs if pair[0] not in known]
        known = ()  # of what they hold, nothing is
    return ""


def _pairs(what: str, a: Any, b: Any, token: Token) -> list[Pair] | None:
    """Return what remains to be compared of two things, None if they differ."""
    parts = _parts(a, b)
    if parts is None:
        return [] if _equal(a, b, token) else None
    if parts[0].keys() != parts[1].keys():
        return None
    return [(str(name) if what is _WHOLE else what, part, parts[1][name]) for name, part in parts[0].items()]


def bare(thing: Any) -> Any:
    """Return the function in what only keeps, caches or hands out that function."""
    while True:
        if isinstance(thing, CachedFunctionType):
            thing = thing.__wrapped__
        elif isinstance(thing, staticmethod | classmethod):
            thing = thing.__func__
        elif getattr(type(thing), "_jug_is_task_generator", False):
            thing = thing.f
        else:
            return thing


def globals_of(code: CodeType) -> tuple[str, ...]:
    """Return the names that this code looks up in its module, inner functions' included."""
    if code not in _globals_of:
        names = [step.argval for step in dis.get_instructions(code) if step.opname in _LOADS]
        inner = [name for const in code.co_consts if isinstance(const, CodeType) for name in globals_of(const)]
        _globals_of[code] = tuple(dict.fromkeys(names + inner))
    return _globals_of[code]


def forget() -> None:
    """Let go of all code seen so far."""
    _globals_of.clear()


def contents_of(f: FunctionType) -> list[Any]:
    """Return what a function closes over; `...` for a variable that is not assigned yet."""
    return [_content(cell) for cell in f.__closure__ or ()]


def registry_of(dispatcher: FunctionType) -> dict[type, Any]:
    """Return the functions of a `singledispatch`, by class; what it shows may be those of what it wraps."""
    return dict(_variable(_variable(dispatcher, "dispatch"), "registry"))


def _variable(f: FunctionType, name: str) -> Any:
    return contents_of(f)[f.__code__.co_freevars.index(name)]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return ...


def _equal(a: Any, b: Any, token: Token) -> bool:
    if isinstance(a, CodeType) and isinstance(b, CodeType):
        return _placeless(a) == _placeless(b)
    if isinstance(a, _SLOTS) and type(a) is type(b):
        return bool(a.__name__ == b.__name__)
    try:
        return not _is_global(a) and token(a) == token(b)
    except DigestError:
        return False


def _is_global(thing: Any) -> bool:
    """Tell whether pickle would store no more of an object than a name, as of NumPy's ufuncs."""
    reducer = copyreg.dispatch_table.get(type(thing))
    try:
        return isinstance(reducer(thing) if reducer else thing.__reduce_ex__(4), str)
    except Exception:  # whatever a class's own reducer may raise
        return False


def _placeless(code: CodeType) -> CodeType:
    """Return code that does the same, wherever it was written."""
    consts = tuple(_placeless(const) if isinstance(const, CodeType) else const for const in code.co_consts)
    return code.replace(co_firstlineno=1, co_filename="", co_linetable=b"", co_consts=consts)


def _parts(a: Any, b: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return what two things of one kind are made of, by what it is called; None for what has no parts."""
    exact = _CONTAINERS.get(type(a))
    if exact is not None and type(a) is type(b):
        return dict(exact(a)), dict(exact(b))
    for kind, parts in _KINDS:
        if isinstance(a, kind) and isinstance(b, kind):
            return dict(parts(a, b)), dict(parts(b, a))
    return None


def _of_function(f: FunctionType, other: FunctionType) -> Iterator[tuple[str, Any]]:
    yield "their code", f.__code__
    if f.__code__ is DISPATCHER:  # the rest of it is a cache
        yield "their registries", registry_of(f)
        return
    wrapped = getattr(f, "__wrapped__", None)  # counts itself, so that what was copied from it need not
    yield (
        "their attributes",
        {name: part for name, part in vars(f).items() if getattr(wrapped, name, _ABSENT) is not part},
    )
    yield _IN_DIGEST[0], (f.__defaults__, f.__kwdefaults__)
    yield _IN_DIGEST[1], tuple(contents_of(f))
    if f.__globals__ is not other.__globals__:
        for name in globals_of(f.__code__):
            yield f"the global {name}", f.__globals__.get(name, _ABSENT)


def _of_class(kind: type, _: type) -> Iterator[tuple[str, Any]]:
    yield "their metaclasses", type(kind)
    yield "their bases", tuple(kind.__bases__)
    for name, part in vars(kind).items():
        if name not in _BOOKS:
            yield f"their {name}", part


def _of_property(part: Any, _: Any) -> Iterator[tuple[str, Any]]:
    yield "their properties", (part.fget, part.fset, part.fdel)


_KINDS: list[tuple[type, Callable[[Any, Any], Iterator[tuple[str, Any]]]]] = [
    (FunctionType, _of_function),
    (type, _of_class),
    (property, _of_property),
    (DynamicClassAttribute, _of_property),  # as Enum has them
    (cached_property, lambda part, _: iter([("their properties", part.func)])),
]
_CONTAINERS: dict[type, Callable[[Any], Any]] = {tuple: enumerate, list: enumerate, dict: dict.items}
