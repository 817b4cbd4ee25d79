"""Tell how long tasks took, by name."""

from __future__ import annotations

from collections import defaultdict

from jughpc.fs import Clock, OsClock
from jughpc.tasks.hooks import FINISHED_POST_STATUS, TASK_EXECUTED, TASK_PRE_EXECUTE, register_hook_once
from jughpc.tasks.task import Task


class TimeTasks:
    """Measures each task that this worker runs.

    Attributes:
        seconds: What the tasks of each name took.
    """

    def __init__(self, clock: Clock) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self._clock = clock
        self._start = 0.0

    def before(self, task: Task[object]) -> None:
        """Begin to measure."""
        self._start = self._clock.now()

    def after(self, task: Task[object]) -> None:
        """Note what the task took."""
        self.seconds[task.name].append(self._clock.now() - self._start)

    def show(self) -> None:
        """Print the mean and the number of tasks for each name."""
        print("\n  Mean time [s]       Count  Task name")
        for name, seconds in sorted(self.seconds.items()):
            print(f"{sum(seconds) / len(seconds):15.3f}{len(seconds):12}  {name}")


def register_time_tasks(clock: Clock | None = None) -> None:
    """Have this worker print at its end how long the tasks of each name took."""
    times = TimeTasks(clock or OsClock())
    register_hook_once(TASK_PRE_EXECUTE, "times", times.before)
    register_hook_once(TASK_EXECUTED, "times", times.after)
    register_hook_once(FINISHED_POST_STATUS, "times", times.show)
