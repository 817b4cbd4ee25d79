"""The names of jug.task."""

from jughpc.library.describe import describe, recursive_dependencies, topological_sort
from jughpc.tasks.cached import CachedFunction
from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task, alltasks
from jughpc.tasks.tasklet import Tasklet, iteratetask, return_tuple, value

__all__ = [
    "CachedFunction",
    "Task",
    "TaskGenerator",
    "Tasklet",
    "alltasks",
    "describe",
    "iteratetask",
    "recursive_dependencies",
    "return_tuple",
    "topological_sort",
    "value",
]
