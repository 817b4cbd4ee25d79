"""The names of jug.hooks.execution."""

from jughpc.library.timing import TimeTasks, register_time_tasks

__all__ = ["TimeTasks", "register_time_tasks"]
