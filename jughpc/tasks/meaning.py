"""Which tasks a text means: the beginning of a digest, a call with its arguments, a function's or a variable's name."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jughpc.errors import UsageError
from jughpc.tasks import brief
from jughpc.tasks.matching import Matcher, by_name
from jughpc.tasks.standin import Standin
from jughpc.tasks.task import Task, dependencies_of

_DIGEST = re.compile(r"[0-9a-f]{4,32}")
_QUALIFIERS = re.compile(r"(?:\w+\.)+(?=\w+\()")
_TOLD = 5  # names
_NEAR = 3  # calls that are told in place of one that there is not
_LOOKED_AT = 1000  # calls among which those are looked for


def meant(text: str, tasks: Sequence[Task[Any]], digests: Sequence[bytes], space: Mapping[str, Any] = {}) -> list[int]:
    """Return the places of the tasks that `text` means, in order. Raises UsageError if it means none.

    Arguments are compared as values; those that are no plain values as they are written in short.

    Args:
        space: What the jugfile's variables hold, whose names mean the tasks in it, where no function is called so.
    """
    if found := begun_by(text, digests):  # else it may be a name: `face`
        return found
    call = _Call.of(text)
    is_meant: Callable[[Task[Any]], bool] = call.is_of if call else _named(text)
    if found := [index for index, task in enumerate(tasks) if is_meant(task)]:
        return found
    if held := {task.digest for task in _in_variable(text, space)}:
        return [index for index, digest in enumerate(digests) if digest in held]
    return _raise(
        text, [task.name for task in tasks], _near(call, tasks), "a variable of the jugfile that holds tasks, "
    )


def meant_of_calls(text: str, calls: Sequence[tuple[str, str]], digests: Sequence[bytes]) -> list[int]:
    """Return the same where only the name of each task and its call in short are known, "" if not even that is."""
    if found := begun_by(text, digests):
        return found
    call, matches = _Call.of(text), by_name(text)
    found = [i for i, (name, short) in enumerate(calls) if (call.is_written(name, short) if call else matches(name))]
    return found or _raise(text, [name for name, _ in calls])


def begun_by(text: str, digests: Sequence[bytes]) -> list[int]:
    """Return the places of the digests that `text` begins, none if it is too short, or no such beginning."""
    if not _DIGEST.fullmatch(text):
        return []
    return [index for index, digest in enumerate(digests) if digest.hex().startswith(text)]


def _named(text: str) -> Callable[[Task[Any]], bool]:
    matches = by_name(text)
    return lambda task: matches(task.name)


def _in_variable(text: str, space: Mapping[str, Any]) -> Iterator[Task[Any]]:
    """Yield the tasks in what a variable of the jugfile holds, or an item of it: `rows`, `rows[3]`, `by_name["a"]`."""
    try:
        node = ast.parse(text, mode="eval").body
        keys = list[Any]()
        while isinstance(node, ast.Subscript):
            keys.append(ast.literal_eval(node.slice))
            node = node.value
        thing: Any = space[node.id] if isinstance(node, ast.Name) else None
        while keys and not isinstance(thing, Standin):
            thing = thing[keys.pop()]
    except Exception:  # no expression, no such name or item, and whatever users' classes do
        return
    yield from dependencies_of(thing)


def _near(call: _Call | None, tasks: Sequence[Task[Any]]) -> Sequence[str]:
    """Return the calls of the function that are most like one that there is not."""
    from difflib import get_close_matches  # which few need

    same = [task for task in tasks if call and call.matches(task.name)][:_LOOKED_AT]
    calls = {brief.call("", task.args, task.kwargs): task for task in same}
    near = get_close_matches(call.short, calls, n=_NEAR, cutoff=0.0) if call else []
    return [brief.call(calls[one].name, calls[one].args, calls[one].kwargs) for one in near]


def _raise(text: str, names: Sequence[str], near: Sequence[str] = (), variable: str = "") -> list[int]:
    if near:
        raise UsageError(f"no task here is called {text}; there is {', '.join(near)}.")
    told = ", ".join(sorted(set(names))[:_TOLD]) or "none"
    raise UsageError(
        f"no task here is called {text}; give a name ({told}), a call such as 'f(41)', {variable}or the beginning of a "
        "digest, as `jughpc failures` shows it."
    )


@dataclass(frozen=True)
class _Call:
    """A call as a text writes it.

    Attributes:
        written: What stands behind the name, with the functions of tasks in it by their bare names.
        values: Its arguments, None if they are no plain values.
    """

    matches: Matcher
    written: str
    values: tuple[tuple[Any, ...], Mapping[str, Any]] | None

    @classmethod
    def of(cls, text: str) -> _Call | None:
        """Return the call that `text` writes, None if it writes none."""
        try:
            node = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        if not isinstance(node, ast.Call):
            return None
        name = ast.unparse(node.func)
        return cls(by_name(name), _bare(ast.unparse(node).removeprefix(name)), _values(node))

    @cached_property
    def short(self) -> str:
        """The arguments as they are shown."""
        return self.written if self.values is None else _bare(brief.call("", *self.values))

    def is_of(self, task: Task[Any]) -> bool:
        """Return whether `task` is this call."""
        if not self.matches(task.name):
            return False
        if self.values is None:
            return _bare(brief.call("", task.args, task.kwargs)) == self.written
        return _is_equal((task.args, task.kwargs), self.values)

    def is_written(self, name: str, call: str) -> bool:
        """Return whether a call that is known in short is this one."""
        return self.matches(name) and _bare(call.removeprefix(name)) == self.short


def _bare(call: str) -> str:
    """Return the call with `sweep.load(5)` in it as `load(5)`, as people write it."""
    return _QUALIFIERS.sub("", call)


def _values(node: ast.Call) -> tuple[tuple[Any, ...], Mapping[str, Any]] | None:
    try:
        args = tuple(ast.literal_eval(arg) for arg in node.args)
        return args, {word.arg or "**": ast.literal_eval(word.value) for word in node.keywords}
    except ValueError:
        return None


def _is_equal(one: object, other: object) -> bool:
    try:
        return bool(one == other)
    except Exception:  # arrays, and whatever users' classes do
        return False
