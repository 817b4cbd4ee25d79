"""Callables of every kind, all made to be mistaken for another: `make(recipe)(x)` tells which it is.

A recipe is a base, a number, and wrappers with a number each. All bear one name where their kind allows it.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterator
from functools import lru_cache, partial, singledispatch, update_wrapper, wraps
from types import FunctionType
from typing import Any

import numpy as np

from jughpc.tasks import callee
from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task

Call = Callable[..., Any]
Recipe = tuple[str, int, tuple[tuple[str, int], ...]]


def called(f: Call) -> Call:
    """Give `f` the name that all of them have, as decorators do."""
    f.__name__ = f.__qualname__ = "f"
    return f


def plain(x: int) -> int:
    return x


def closure(n: int) -> Call:
    def f(x: int) -> int:
        return x + n

    return f


def default(n: int) -> Call:
    def f(x: int, n: int = n) -> int:
        return x + n

    return f


def keyword_default(n: int) -> Call:
    def f(x: int, *, n: int = n) -> int:
        return x + n

    return f


def other_code(n: int) -> Call:
    if n == 1:

        def f(x: int) -> int:
            return x + 1
    else:

        def f(x: int) -> int:
            return x - 1

    return f


def attribute(n: int) -> Call:
    def f(x: int) -> int:
        return x + f.n  # type: ignore[attr-defined,no-any-return]  # what is tested

    f.n = n  # type: ignore[attr-defined]  # as above
    return f


def recursive(n: int) -> Call:
    def f(x: int) -> int:
        return n if x <= 0 else f(x - 1) + 1

    return f


def mutual(n: int) -> Call:
    def f(x: int) -> int:
        return n if x <= 0 else other(x - 1) + 1

    def other(x: int) -> int:
        return f(x)

    return f


def in_container(n: int) -> Call:
    inner = {"deep": [closure(n)]}

    def f(x: int) -> int:
        return inner["deep"][0](x)  # type: ignore[no-any-return]

    return f


def closing_lambda(n: int) -> Call:
    return lambda x: x + n


def binding_lambda(n: int) -> Call:
    return lambda x, n=n: x + n


def other_lambda(n: int) -> Call:
    if n == 1:
        return lambda x: x + 1
    return lambda x: x - 1


def executed(n: int) -> Call:
    space: dict[str, Any] = {"n": n}
    exec("def f(x): return x + n", space)
    return space["f"]  # type: ignore[no-any-return]


def executed_with_helper(n: int) -> Call:
    space: dict[str, Any] = {"__name__": "made", "n": n}
    exec("def helper(x): return x + n\ndef f(x): return helper(x)", space)
    return space["f"]  # type: ignore[no-any-return]


def executed_text(n: int) -> Call:
    space: dict[str, Any] = {"__name__": "made"}
    exec(f"def f(x): return x + {n}", space)
    return space["f"]  # type: ignore[no-any-return]


def other_space(n: int) -> Call:
    return FunctionType(executed(n).__code__, {"__name__": __name__, "n": n}, "f")


class Adder:
    def __init__(self, n: int) -> None:
        self.n = n
        self.__name__ = self.__qualname__ = "f"

    def __call__(self, x: int) -> int:
        return x + self.n

    def method(self, x: int) -> int:
        return x + self.n


class Slotted:
    __slots__ = ("n",)

    def __init__(self, n: int) -> None:
        self.n = n

    def method(self, x: int) -> int:
        return x + self.n


def made_class(n: int) -> Any:
    class Made:
        __name__ = "Made"

        def __call__(self, x: int) -> int:
            return x + n

        def helper(self, x: int) -> int:
            return x + n

        def method(self, x: int) -> int:
            return self.helper(x)

        @classmethod
        def of_class(cls, x: int) -> int:
            return cls().helper(x)

        @staticmethod
        def alone(x: int) -> int:
            return x + n

    return Made


def class_with_value(n: int) -> Any:
    class Made:
        size = n

        @classmethod
        def of_class(cls, x: int) -> int:
            return x + cls.size

    return Made.of_class


class Twice(partial):  # type: ignore[type-arg]
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return 2 * super().__call__(*args, **kwargs)


def partial_of_another_call(n: int) -> Call:
    made = Twice(plain) if n == 1 else Twice(operator.neg)
    return called(made)


BASES: dict[str, Callable[[int], Call]] = {
    "closure": closure,
    "default": default,
    "keyword default": keyword_default,
    "other code": other_code,
    "attribute": attribute,
    "recursive": recursive,
    "mutual": mutual,
    "in a container": in_container,
    "closing lambda": lambda n: closing_lambda(n),
    "binding lambda": lambda n: binding_lambda(n),
    "other lambda": lambda n: other_lambda(n),
    "executed": executed,
    "executed with a helper": executed_with_helper,
    "executed text": executed_text,
    "other globals": other_space,
    "callable object": Adder,
    "method": lambda n: Adder(n).method,
    "method of slots": lambda n: Slotted(n).method,
    "object of a made class": lambda n: made_class(n)(),
    "method of a made class": lambda n: made_class(n)().method,
    "class method of a made class": lambda n: made_class(n).of_class,
    "static method of a made class": lambda n: made_class(n).alone,
    "class method that uses its class": class_with_value,
    "partial": lambda n: partial(operator.add, n),
    "keyword partial": lambda n: partial(combined, inner=plain, n=n),
    "partial that calls otherwise": partial_of_another_call,
    "ufunc": lambda n: np.frompyfunc(closure(n), 1, 1),
    **{
        f"named {name}": lambda n, make=make: called(make(n))  # type: ignore[misc]
        for name, make in {
            "closure": closure,
            "default": default,
            "keyword default": keyword_default,
            "other code": other_code,
            "attribute": attribute,
            "closing lambda": closing_lambda,
            "binding lambda": binding_lambda,
            "other lambda": other_lambda,
        }.items()
    },
}


def combined(x: int, inner: Call, n: int) -> Any:
    return called_with(inner, x) + n


def called_with(f: Any, x: int) -> Any:
    return f.f(x) if isinstance(f, TaskGenerator) else f(x)


def decorated(inner: Call, n: int) -> Call:
    @wraps(inner)
    def wrapper(x: int) -> Any:
        return called_with(inner, x) + n

    return wrapper


def bound(inner: Call, n: int) -> Call:
    @wraps(inner)
    def wrapper(x: int, inner: Call = inner, n: int = n) -> Any:
        return called_with(inner, x) + n

    return wrapper


class Decorated:
    def __init__(self, inner: Call, n: int) -> None:
        update_wrapper(self, inner)
        self.inner, self.n = inner, n

    def __call__(self, x: int) -> Any:
        return called_with(self.inner, x) + self.n


WRAPPERS: dict[str, Callable[[Call, int], Any]] = {
    "wraps": decorated,
    "wraps, bound": bound,
    "undecorated": lambda inner, n: decorated(inner, n).__wrapped__,  # type: ignore[attr-defined]
    "class": Decorated,
    "cache": lambda inner, n: lru_cache(decorated(inner, n)),
    "dispatch": lambda inner, n: singledispatch(decorated(inner, n)),
    "partial": lambda inner, n: partial(combined, inner=inner, n=n),
    "method": lambda inner, n: Decorated(inner, n).__call__,
    "generator": lambda inner, n: TaskGenerator(decorated(inner, n)),
}


def make(recipe: Recipe) -> Any:
    """Return a new callable."""
    base, n, wrappers = recipe
    f: Any = BASES[base](n)
    for wrapper, m in wrappers:
        f = WRAPPERS[wrapper](f, m)
    return f


def behaviour(f: Any) -> list[Any]:
    """Return what tells callables apart."""
    return [called_with(f, x) for x in range(3)]


def as_callee(f: Any) -> bytes:
    """Return the digest of a call."""
    if not isinstance(f, TaskGenerator):
        return Task(f, 1).digest
    return f(1).digest  # type: ignore[no-any-return]


def as_argument(f: Any) -> bytes:
    """Return the digest of a call that is given the callable."""
    return Task(combined, 1, inner=f, n=0).digest


def as_part(f: Any) -> bytes:
    """Return the digest of a call that is given the callable among other things."""
    return Task(combined, 1, inner=[{"a": (TaskGenerator(f), partial(plain, f))}], n=0).digest


POSITIONS = {"callee": as_callee, "argument": as_argument, "part": as_part}


def recipes() -> Iterator[Recipe]:
    """Yield each base alone, and within each wrapper."""
    for base, n in itertools.product(BASES, (1, 2)):
        yield base, n, ()
        for wrapper in WRAPPERS:
            yield base, n, ((wrapper, 3),)


def callable_by(position: str, recipe: Recipe) -> bool:
    """Tell whether tasks may call such a thing at all: it needs a name, and may be no lambda."""
    return position != "callee" or _name(make(recipe)) not in (None, "<lambda>")


def _name(f: Any) -> str | None:
    while type(f) is partial:
        f = f.func
    return getattr(f, "__name__", None)


def digests() -> dict[str, str]:
    """Return the digest of each, every one as if it were alone in its load."""
    found = {}
    for position, recipe in itertools.product(POSITIONS, recipes()):
        if callable_by(position, recipe):
            callee.forget()
            found[f"{position} {recipe}"] = POSITIONS[position](make(recipe)).hex()
    return found
