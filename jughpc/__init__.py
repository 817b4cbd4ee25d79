"""Run Python tasks on HPC clusters: jugfiles, workers on a shared folder, SLURM and PBS arrays."""

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from jughpc._version import __version__ as __version__

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

    from jughpc.app.calls.commands import submit as submit
    from jughpc.app.calls.executor import Executor as Executor
    from jughpc.jug import CachedFunction as CachedFunction
    from jughpc.jug import CompoundTask as CompoundTask
    from jughpc.jug import CompoundTaskGenerator as CompoundTaskGenerator
    from jughpc.jug import Task as Task
    from jughpc.jug import TaskGenerator as TaskGenerator
    from jughpc.jug import Tasklet as Tasklet
    from jughpc.jug import backends as backends
    from jughpc.jug import hooks as hooks
    from jughpc.jug import init as init
    from jughpc.jug import io as io
    from jughpc.jug import is_jug_running as is_jug_running
    from jughpc.jug import iteratetask as iteratetask
    from jughpc.jug import mapreduce as mapreduce
    from jughpc.jug import options as options
    from jughpc.jug import return_tuple as return_tuple
    from jughpc.jug import set_jugdir as set_jugdir
    from jughpc.jug import unsafe as unsafe
    from jughpc.jug import utils as utils
    from jughpc.jug import value as value
    from jughpc.jug.backends import dict_store as dict_store
    from jughpc.jug.backends import file_store as file_store
    from jughpc.jug.backends import redis_store as redis_store
    from jughpc.tasks.barrier import barrier as barrier
    from jughpc.tasks.barrier import bvalue as bvalue
    from jughpc.tasks.running import TimeIsUp as TimeIsUp
    from jughpc.tasks.running import checkpoint_dir as checkpoint_dir
    from jughpc.tasks.running import scratch_dir as scratch_dir
    from jughpc.tasks.running import seconds_left as seconds_left
    from jughpc.tasks.running import seed as seed

__all__ = [
    "CachedFunction",
    "CompoundTask",
    "CompoundTaskGenerator",
    "Task",
    "TaskGenerator",
    "Tasklet",
    "barrier",
    "bvalue",
    "init",
    "is_jug_running",
    "iteratetask",
    "return_tuple",
    "set_jugdir",
    "value",
]

_IMPORTABLE = (  # by our own name, as in `from jughpc.mapreduce import map`; `barrier` is the function
    "backends", "compound", "hash", "hooks", "io", "mapreduce", "options", "subcommands", "task", "unsafe", "utils",
)  # fmt: skip
_MODULES = (  # not for `import *`: that would hide Python's io
    "backends", "dict_store", "file_store", "hooks", "io", "mapreduce", "options", "redis_store", "unsafe", "utils",
)  # fmt: skip

_OURS = {  # which jug has not, and not for `import *`: too usual names
    "Executor": "jughpc.app.calls.executor", "submit": "jughpc.app.calls.commands",
    **dict.fromkeys(("TimeIsUp", "checkpoint_dir", "scratch_dir", "seconds_left", "seed"), "jughpc.tasks.running"),
}  # fmt: skip


class _OwnName:
    """Finds jug's modules under our own name."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        package, _, module = name.partition(".")
        if package != __name__ or module.partition(".")[0] not in _IMPORTABLE:
            return None
        from jughpc.tasks.alias import spec_of  # only now, as below

        return spec_of(name, f"{__name__}.jug.{module}")


sys.meta_path.insert(0, _OwnName)  # first: or submodules would be found in the folder of the package, and be doubled

if "_JUGHPC_LENT" in os.environ:  # in a container, whose image may lack what we need
    from jughpc import lent

    lent.take()


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES, *_OURS, "__version__"})


def __getattr__(name: str) -> Any:
    if name in _OURS:
        return getattr(import_module(_OURS[name]), name)
    if name not in __all__ and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("jughpc.jug"), name)  # only now: `jughpc --help` needs none of it
