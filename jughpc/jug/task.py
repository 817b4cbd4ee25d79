"""jug.task"""

from jughpc.tasks.generator import TaskGenerator
from jughpc.tasks.task import Task, alltasks
from jughpc.tasks.tasklet import Tasklet, iteratetask, return_tuple, value

__all__ = ["Task", "TaskGenerator", "Tasklet", "alltasks", "iteratetask", "return_tuple", "value"]
