"""Which tasks a text means: the beginning of a digest, a call with its arguments, or a name."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jughpc.errors import UsageError
from jughpc.tasks import brief
from jughpc.tasks.matching import Matcher, by_name
from jughpc.tasks.task import Task

_DIGEST = re.compile(r"[0-9a-f]{4,32}")
_QUALIFIERS = re.compile(r"(?:\w+\.)+(?=\w+\()")
_TOLD = 5  # names


def meant(text: str, tasks: Sequence[Task[Any]], digests: Sequence[bytes]) -> list[int]:
    """Return the places of the tasks that `text` means, in order. Raises UsageError if it means none.

    Arguments are compared as values; those that are no plain values as they are written in short.
    """
    if found := begun_by(text, digests):  # else it may be a name: `face`
        return found
    call = _Call.of(text)
    is_meant: Callable[[Task[Any]], bool] = call.is_of if call else _named(text)
    return [index for index, task in enumerate(tasks) if is_meant(task)] or _raise(text, [task.name for task in tasks])


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


def _raise(text: str, names: Sequence[str]) -> list[int]:
    told = ", ".join(sorted(set(names))[:_TOLD]) or "none"
    raise UsageError(
        f"no task here is called {text}; give a name ({told}), a call such as 'f(41)', or the beginning of a digest, "
        "as `jughpc failures` shows it."
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
