"""Map and reduce over sequences, some elements a task.

The inputs may be anything with a length and slices: of a range of a billion numbers each task holds a
short range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce as fold
from itertools import starmap
from typing import Any

from jughpc.library.utils import identity
from jughpc.tasks.digest import encoding
from jughpc.tasks.task import Task, dependencies_of
from jughpc.tasks.tasklet import Tasklet, item_of, value
from jughpc.tasks.walk import Steps

_MODULE = "jug.mapreduce"  # where jug has these functions: their tasks' names tell


def mapreduce(
    reducer: Callable[[Any, Any], Any],
    mapper: Callable[[Any], Any] | None,
    inputs: Sequence[Any],
    map_step: int = 4,
    reduce_step: int = 8,
) -> Task[Any]:
    """Return a task that gives `reduce(reducer, map(mapper, inputs))`, computed in pieces.

    Args:
        reducer: Joins two values; it need not be commutative.
        mapper: Applied to each input; None leaves it as it is.
        map_step: How many inputs a task maps, and reduces at once.
        reduce_step: How many values a further task reduces.
    """
    reducer, mapper = _plain(reducer), _plain(mapper)
    level = [_Fold(_jug_map_reduce, reducer, mapper, chunk) for chunk in _chunks(inputs, map_step)]
    while len(level) > 1:
        level = [_Fold(_jug_reduce, reducer, chunk) for chunk in _chunks(level, reduce_step)]
    return level[0] if level else identity([])


def reduce(reducer: Callable[[Any, Any], Any], inputs: Sequence[Any], reduce_step: int = 8) -> Task[Any]:
    """Return a task that gives `functools.reduce(reducer, inputs)`, computed in pieces."""
    return mapreduce(reducer, None, inputs, reduce_step=reduce_step)


def map(mapper: Callable[[Any], Any], sequence: Sequence[Any], map_step: int = 4) -> Sequence[Any]:  # noqa: A001  # jug's name
    """Return a sequence of tasks or tasklets that give `mapper(x)` for each x, `map_step` computed by a task."""
    if map_step == 1:
        return [Task(_plain(mapper), element) for element in _sized(sequence)]
    return _mapped(_jug_map, mapper, sequence, map_step)


def currymap(mapper: Callable[..., Any], sequence: Sequence[Any], map_step: int = 4) -> list[Any]:
    """Return a list of tasks or tasklets that give `mapper(*x)` for each x, `map_step` computed by a task."""
    if map_step == 1:
        return [Task(_plain(mapper), *element) for element in _sized(sequence)]
    return list(_mapped(_jug_map_curry, mapper, sequence, map_step))


class _Fold(Task[Any]):
    """A task that has only one of its inputs in memory at a time: eight results of 20 MB need not fit at once."""

    __slots__ = ()

    def compute(self) -> Any:
        *functions, inputs = self.args
        holds_tasks = next(dependencies_of(inputs), None) is not None
        return self.f(*value(functions), _one_by_one(inputs) if holds_tasks else value(inputs))


class block_access(Sequence[Any]):  # noqa: N801  # jug's name
    """The items of several tasks' lists, one after the other, as one sequence of tasklets.

    Its value is the list of all items. A slice depends only on the blocks that it touches.
    """

    def __init__(self, blocks: Sequence[Task[Any]], block_size: int, len: int) -> None:  # noqa: A002  # jug's name
        self.blocks, self.block_size, self.len = blocks, block_size, len

    def __len__(self) -> int:
        return self.len

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return block_access_slice(self, range(self.len)[i])
        i = range(self.len)[i]  # from the end if negative; numpy's integers, too
        return item_of(self.blocks[i // self.block_size], i % self.block_size)

    def __iter__(self) -> Iterator[Tasklet[Any]]:
        return (self[i] for i in range(self.len))

    def __jug_value__(self) -> list[Any]:
        return [item for block in self.blocks for item in value(block)]

    def __jug_dependencies__(self) -> Sequence[Any]:
        return self.blocks

    def __jug_steps__(self) -> Steps[bytes]:
        return encoding.ordered(b"block access", self.len, self.block_size, list(self.blocks))


class block_access_slice(Sequence[Any]):  # noqa: N801  # jug's name
    """Some items of a `block_access`, in an order of their own."""

    def __init__(self, access: block_access, orig: range) -> None:
        self.access, self.orig = access, orig

    def __len__(self) -> int:
        return len(self.orig)

    def __getitem__(self, i: Any) -> Any:
        chosen = self.orig[i]
        return block_access_slice(self.access, chosen) if isinstance(i, slice) else self.access[chosen]

    def __iter__(self) -> Iterator[Tasklet[Any]]:
        return (self.access[i] for i in self.orig)

    def __jug_value__(self) -> list[Any]:
        size = self.access.block_size
        blocks = {i: value(self.access.blocks[i]) for i in self._touched()}
        return [blocks[i // size][i % size] for i in self.orig]

    def __jug_dependencies__(self) -> Sequence[Any]:
        return [self.access.blocks[i] for i in self._touched()]

    def __jug_steps__(self) -> Steps[bytes]:
        return encoding.ordered(b"block access slice", self.access, self.orig)

    def _touched(self) -> list[int]:
        return list(dict.fromkeys(i // self.access.block_size for i in self.orig))


def _one_by_one(inputs: Sequence[Any]) -> Iterator[Any]:
    """Yield the values of `inputs`; let go of each that had to be loaded for it."""
    for thing in inputs:
        is_passing = isinstance(thing, Task) and not thing.is_loaded()
        yield value(thing)
        if is_passing:
            thing.unload()


def _mapped(mapped: Callable[..., Any], mapper: Any, sequence: Sequence[Any], step: int) -> block_access:
    blocks = [Task(mapped, _plain(mapper), chunk) for chunk in _chunks(sequence, step)]
    return block_access(blocks, step, len(sequence))


def _chunks(inputs: Sequence[Any], step: int) -> Iterator[Sequence[Any]]:
    if step < 1:
        raise ValueError(f"a step of {step} elements a task; take 1 or more")
    return (inputs[i : i + step] for i in range(0, len(_sized(inputs)), step))


def _sized(inputs: Any) -> Any:
    if not hasattr(inputs, "__len__") or not hasattr(inputs, "__getitem__"):
        raise TypeError(f"a {type(inputs).__name__} has no length or no slices; give a list: list(...)")
    return inputs


def _plain(f: Any) -> Any:
    return f.f if getattr(f, "_jug_is_task_generator", False) else f


def _jug_map_reduce(reducer: Any, mapper: Any, inputs: Any) -> Any:
    return fold(reducer, inputs if mapper is None else (mapper(element) for element in inputs))


def _jug_reduce(reducer: Any, inputs: Any) -> Any:
    return fold(reducer, inputs)


def _jug_map(mapper: Any, elements: Any) -> list[Any]:
    return [mapper(element) for element in elements]


def _jug_map_curry(mapper: Any, elements: Any) -> list[Any]:
    return list(starmap(mapper, elements))


for _f in (mapreduce, reduce, map, currymap, _jug_map_reduce, _jug_reduce, _jug_map, _jug_map_curry):
    _f.__module__ = _MODULE
