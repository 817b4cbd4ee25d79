"""The face that `import jug` shows to a jugfile: jug's names, under jug's module names."""

from importlib import import_module
from types import ModuleType

from jughpc._version import __version__
from jughpc.app.jugapi import script
from jughpc.jug.barrier import barrier, bvalue
from jughpc.jug.compound import CompoundTask, CompoundTaskGenerator
from jughpc.jug.jug import init, is_jug_running, set_jugdir
from jughpc.jug.task import CachedFunction, Task, TaskGenerator, Tasklet, iteratetask, return_tuple, value

__all__ = [
    "CachedFunction",
    "CompoundTask",
    "CompoundTaskGenerator",
    "Task",
    "TaskGenerator",
    "Tasklet",
    "__version__",
    "barrier",
    "bvalue",
    "dict_store",
    "file_store",
    "init",
    "is_jug_running",
    "iteratetask",
    "redis_store",
    "return_tuple",
    "set_jugdir",
    "value",
]

script.watch()

_MODULES = ("backends", "hash", "hooks", "io", "mapreduce", "options", "subcommands", "unsafe", "utils")
_STORES = ("dict_store", "file_store", "redis_store")


def __getattr__(name: str) -> ModuleType:
    if name in _STORES:
        return import_module(f"jughpc.jug.backends.{name}")
    if name in _MODULES:
        return import_module(f"jughpc.jug.{name}")  # only now: most jugfiles need few of them
    raise AttributeError(f"module 'jug' has no attribute {name!r}")
