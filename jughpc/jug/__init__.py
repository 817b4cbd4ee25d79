"""The face that `import jug` shows to a jugfile: jug's names, under jug's module names."""

from jughpc import __version__
from jughpc.jug.barrier import barrier, bvalue
from jughpc.jug.jug import init, is_jug_running, set_jugdir
from jughpc.jug.task import Task, TaskGenerator, Tasklet, iteratetask, return_tuple, value

__all__ = [
    "Task",
    "TaskGenerator",
    "Tasklet",
    "__version__",
    "barrier",
    "bvalue",
    "init",
    "is_jug_running",
    "iteratetask",
    "return_tuple",
    "set_jugdir",
    "value",
]
