"""A line of what ships, changed on purpose for as long as a history is played: would anybody notice?"""

from __future__ import annotations

import ast
import functools
import inspect
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any


@dataclass(frozen=True)
class Broken:
    """A change of one function.

    Attributes:
        place: The module and the function's name in it: `jughpc.batch.room:check`, `jughpc.fs:OsFiles.read`.
        old: What stands there, once.
        new: What stands there instead.
    """

    place: str
    old: str
    new: str

    @contextmanager
    def made(self) -> Iterator[None]:
        """Have everybody who calls the function run the changed one in the block.

        Raises LookupError if what is to be changed is not there any more.
        """
        function, code = _changed(self.place, self.old, self.new)
        before, function.__code__ = function.__code__, code
        try:
            yield
        finally:
            function.__code__ = before


@contextmanager
def all_made(changes: Sequence[Broken]) -> Iterator[None]:
    """Make all `changes` for the block; of several of one function the last holds."""
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(change.made())
        yield


@functools.cache
def _changed(place: str, old: str, new: str) -> tuple[FunctionType, CodeType]:
    """Return a function that ships, and the code of the changed one."""
    home, _, name = place.partition(":")
    module = import_module(home)
    function = _function(module, name)
    source, first = inspect.getsource(module).splitlines(keepends=True), function.__code__.co_firstlineno - 1
    lines = inspect.getsource(function).splitlines(keepends=True)
    body = "".join(source[first : first + len(lines)])
    if body.count(old) != 1:
        raise LookupError(f"{place} has {old!r} {body.count(old)} times; what breaks it is to be said anew")
    text = "".join(source[:first]) + body.replace(old, new) + "".join(source[first + len(lines) :])
    return function, _code(compile(ast.parse(text), str(module.__file__), "exec", dont_inherit=True), name.split("."))


def _function(module: ModuleType, name: str) -> FunctionType:
    found: Any = module
    for part in name.split("."):
        found = inspect.getattr_static(found, part)
    if isinstance(found, property):
        found = found.fget
    found = inspect.unwrap(getattr(found, "__func__", found))
    if not isinstance(found, FunctionType):
        raise LookupError(f"{module.__name__}:{name} is no function")
    return found


def _code(whole: CodeType, names: Sequence[str]) -> CodeType:
    """Return the code object called `names` in that of a module."""
    for name in names:
        inner = [one for one in whole.co_consts if isinstance(one, CodeType) and one.co_name == name]
        whole = inner[-1]
    return whole
