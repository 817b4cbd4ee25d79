"""The names of jug.compound."""

from jughpc.tasks.compound import CompoundTask, CompoundTaskGenerator, compound_task_execute

__all__ = ["CompoundTask", "CompoundTaskGenerator", "compound_task_execute"]
