"""The names of jug.io."""

from jughpc.tasks.io import write_metadata, write_task_out
from jughpc.tasks.tasklet import NoLoad

__all__ = ["NoLoad", "write_metadata", "write_task_out"]
