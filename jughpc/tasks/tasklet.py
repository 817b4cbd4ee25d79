"""Tasklets: values derived from tasks' results, computed again at each use and never stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from operator import itemgetter
from typing import Any, Generic, NoReturn, TypeVar, overload

from jughpc.tasks import brief, values
from jughpc.tasks.digest import encoding, hashing
from jughpc.tasks.standin import Standin
from jughpc.tasks.task import Task, dependencies_of, make_items, with_dependencies
from jughpc.tasks.task import missing as missing_of
from jughpc.tasks.walk import Steps

K = TypeVar("K")
R = TypeVar("R")

_RAISE: Any = object()


class Tasklet(Standin, Generic[R]):
    """What `f` makes of the value of `base`: cheap enough to be computed wherever it is needed.

    Attributes:
        base: A task, a tasklet, or anything that holds some.
        f: Applied to the base's value.
    """

    def __init__(self, base: Any, f: Callable[[Any], R]) -> None:
        self.base, self.f = base, f

    def value(self) -> R:
        """Return `f(value of base)`. Raises ResultMissingError."""
        steps = [self.f]
        base = self.base
        while type(base) is Tasklet:
            steps.append(base.f)
            base = base.base
        result = values.resolve(base)
        while steps:
            result = steps.pop()(result)
        return result  # type: ignore[no-any-return]  # the last step was self.f

    def __jug_value__(self) -> Any:
        return self.value()

    def __jug_dependencies__(self) -> Sequence[Any]:
        return [self.base]

    def __jug_steps__(self) -> Steps[bytes]:
        return encoding.ordered(b"tasklet", self.base, self.f)

    def __jug_hash__(self) -> bytes:
        return hashing.hash_one(self)

    def dependencies(self) -> Any:
        """Yield the tasks in the base, in order."""
        return dependencies_of(self.base)

    def can_load(self) -> bool:
        """Tell whether the values of all dependencies can be had."""
        return not missing_of(self.dependencies())

    def unload(self) -> None:
        """Let go of the values that the dependencies keep."""
        for task in self.dependencies():
            task.unload()

    def unload_recursive(self) -> None:
        """Let go of the values that the dependencies keep, and theirs."""
        for task in with_dependencies(*self.dependencies()):
            task.unload()

    def __getitem__(self, item: Any) -> Tasklet[Any]:
        return item_of(self, item)

    def __str__(self) -> str:
        return f"Tasklet of {brief.value(self.base)}"

    __repr__ = __str__

    def __iter__(self) -> NoReturn:
        raise NotImplementedError(
            "A tasklet cannot be iterated over or unpacked: its length is not known before its task has run. "
            "Use bvalue(tasklet) to wait for the value."
        )


class NoLoad(Tasklet[Any]):
    """Pass a task itself, as `argument.base`, to a function that is run after it: its value is not loaded."""

    def __init__(self, base: Any) -> None:
        super().__init__(base, _itself)

    @property
    def t(self) -> Any:
        """The base, under an older name."""
        return self.base

    def value(self) -> NoLoad:
        """Return the NoLoad itself."""
        return self

    def __jug_steps__(self) -> Steps[bytes]:
        return encoding.ordered(b"no load", self.base)

    def __getitem__(self, item: Any) -> NoReturn:
        raise NotImplementedError("You cannot slice a NoLoad object")


class TaskItems(Sequence[Tasklet[Any]]):
    """The first `n` items of a task's result, as a sequence of tasklets."""

    def __init__(self, base: Any, n: int) -> None:
        self.base, self.n = base, n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [item_of(self.base, k) for k in range(*i.indices(self.n))]
        if i >= self.n:
            raise IndexError(f"item {i} of a task that was said to give {self.n}")
        return item_of(self.base, i)

    def __jug_value__(self) -> list[Any]:
        return [item.value() for item in self]

    def __jug_dependencies__(self) -> Sequence[Any]:
        return [self.base]

    def __jug_steps__(self) -> Steps[bytes]:
        return encoding.ordered(b"items", self.base, self.n)


def iteratetask(task: Any, n: int) -> TaskItems:
    """Return the first `n` items of the task's result, to be unpacked or iterated over: `a, b = iteratetask(t, 2)`.

    It is not checked that the result has no more.
    """
    return TaskItems(task, n)


def return_tuple(n: int) -> Callable[[Callable[..., Any]], Callable[..., tuple[Tasklet[Any], ...]]]:
    """Make a TaskGenerator return a tuple of `n` tasklets: `@return_tuple(2)` above `@TaskGenerator`.

    The value of each raises ValueError if the result has another length.
    """

    def decorate(generator: Callable[..., Any]) -> Callable[..., tuple[Tasklet[Any], ...]]:
        @wraps(generator)
        def call(*args: Any, **kwargs: Any) -> tuple[Tasklet[Any], ...]:
            task = generator(*args, **kwargs)
            return tuple(Tasklet(task, partial(checked_item, n, i)) for i in range(n))

        return call

    return decorate


def item_of(base: Any, item: Any) -> Tasklet[Any]:
    """Return the tasklet `base[item]`; the item may hold tasks itself."""
    if any(True for _ in dependencies_of(item)):
        return Tasklet((base, item), _pick)
    return Tasklet(base, itemgetter(item))


make_items(item_of)


@overload
def value(thing: Task[R] | Tasklet[R]) -> R: ...
@overload
def value(thing: list[Task[R]]) -> list[R]: ...
@overload
def value(thing: dict[K, Task[R]]) -> dict[K, R]: ...
@overload
def value(thing: Any, *, missing: Any = ...) -> Any: ...
def value(thing: Any, *, missing: Any = _RAISE) -> Any:
    """Return `thing` with all tasks in it replaced by their values.

    Looks into lists, tuples, dicts, sets and dataclasses.

    Args:
        missing: What to give in place of each task, and of whatever is made of it, that has no result.
    Raises:
        ResultMissingError: There is no result, and nothing to give in its place.
    """
    if missing is _RAISE:
        return values.resolve(thing)
    absent = missing_of(dependencies_of(thing))

    def is_missing(part: Any) -> bool:
        return any(task.digest in absent for task in dependencies_of(part))

    return values.resolve(values.with_instead(thing, is_missing, missing) if absent else thing)


def _itself(thing: Any) -> Any:
    return thing


def _pick(pair: tuple[Any, Any]) -> Any:
    return pair[0][pair[1]]


def checked_item(n: int, i: int, result: Any) -> Any:
    """Return item `i` of a result that has `n`. Raises ValueError if it has another number."""
    if len(result) != n:
        raise ValueError(f"Expected a tuple of size {n} got {len(result)}")
    return result[i]
