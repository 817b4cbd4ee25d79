"""Tasks in words and in order: what they depend on, and whether they are computed."""

from __future__ import annotations

from typing import Any

from jughpc.tasks.task import Task, dependencies_of, results, with_dependencies
from jughpc.tasks.tasklet import Tasklet
from jughpc.tasks.walk import Steps, fold


def recursive_dependencies(task: Task[Any], max_level: int | None = -1) -> list[Task[Any]]:
    """Return the tasks that `task` depends on, each once, down to `max_level` steps away; -1 or None is all."""
    found: dict[Task[Any], None] = {}
    level, left = [task], -1 if max_level is None else max_level
    while level and left:
        new = dict.fromkeys(other for one in level for other in one.dependencies() if other not in found)
        found.update(new)
        level = list(new)
        left -= 1
    return list(found)


def topological_sort(tasks: list[Task[Any]]) -> None:
    """Sort `tasks` in place so that each comes after all that it depends on."""
    rank = {task: i for i, task in enumerate(_dependencies_first(tasks))}
    tasks.sort(key=rank.__getitem__)


def describe(thing: Any) -> Any:
    """Return a task, and all it depends on, as nested dicts: name, args, kwargs, and meta from the store.

    Lists, tuples and dicts of tasks give lists, tuples and dicts of such; what is no task stays as it is.
    """
    lacking = results().missing({task.digest for task in with_dependencies(*dependencies_of(thing))})
    return fold(_steps(thing, lacking), lambda part: _steps(part, lacking), lambda part, levels: "...")


def _steps(thing: Any, lacking: set[bytes]) -> Steps[Any]:
    if isinstance(thing, Task):
        return (yield from _task_steps(thing, lacking))
    if isinstance(thing, Tasklet):
        return (yield thing.base)
    if isinstance(thing, dict):
        return dict(zip(thing, (yield list(thing.values())), strict=True))
    if isinstance(thing, list | tuple):
        parts = []
        for part in thing:
            parts.append((yield part))  # noqa: PERF401  # no comprehension can yield
        return tuple(parts) if isinstance(thing, tuple) else parts
    return thing


def _task_steps(task: Task[Any], lacking: set[bytes]) -> Steps[dict[str, Any]]:
    words: dict[str, Any] = {"name": task.name}
    if task.args:
        words["args"] = yield list(task.args)
    if task.kwargs:
        words["kwargs"] = yield dict(task.kwargs)
    words["meta"] = _meta(task, task.digest not in lacking)
    return words


def _meta(task: Task[Any], is_computed: bool) -> Any:
    store: Any = results()
    if is_computed and hasattr(store, "metadata"):  # some stores know more
        return store.metadata(task)
    return {"computed": is_computed}


def _dependencies_first(tasks: list[Task[Any]]) -> list[Task[Any]]:
    placed: dict[Task[Any], None] = {}
    waiting = tasks[::-1]
    while waiting:
        new = [task for task in waiting[-1].dependencies() if task not in placed]
        if new:
            waiting.extend(new)
        else:
            placed[waiting.pop()] = None
    return list(placed)
