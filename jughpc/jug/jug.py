"""The names of jug.jug."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from jughpc.tasks.matching import by_both
from jughpc.tasks.running import is_jug_running
from jughpc.tasks.task import Task

__all__ = ["ExecutionState", "execution_loop", "init", "is_jug_running", "main", "main_execute", "set_jugdir"]


class ExecutionState:
    """What is known after an `execution_loop`.

    Attributes:
        failed: The tasks that failed.
        nr_waits: Always 0: what others hold is waited for as long as they live.
    """

    def __init__(self) -> None:
        self.failed: set[Task[Any]] = set()
        self.nr_waits = 0


def execution_loop(tasks: list[Task[Any]], options: Any, state: ExecutionState | None = None) -> bool:
    """Run the tasks that `options` select; take out of `tasks` those of them that are done; return whether any failed.

    Args:
        options: As `jug.options` gives them; a task's exception is raised unless `execute_keep_going`.
        state: Told what failed.
    """
    import logging  # which no worker needs

    from jughpc.app.jugapi import inline

    matches = by_both(options.execute_name, options.execute_pattern)
    chosen = [task for task in tasks if matches is None or matches(task.name)]
    failed, left = inline.run_tasks(
        chosen,
        keep_going=options.execute_keep_going,
        retry_failed=not options.execute_keep_failed,
        debug=options.debug,
        say=logging.info,
    )
    done = {task.digest for task in chosen} - {task.digest for task in left}
    tasks[:] = [task for task in tasks if task.digest not in done]
    if state is not None:
        state.failed |= failed
    return bool(failed)


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command of jughpc's in this process, and exit with its code.

    Args:
        argv: The program's name and its arguments; default `sys.argv`.
    """
    if argv is not None:
        sys.argv = list(argv)
    import runpy  # which no worker needs

    runpy.run_module("jughpc", run_name="__main__")


def main_execute() -> None:
    """Do as `main` does, for the command `execute`."""
    main([sys.argv[0], "execute", *sys.argv[1:]])


def init(
    jugfile: str | None = None,
    jugdir: object = None,
    on_error: str = "exit",
    store: object = None,
    args: Sequence[str] | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Load a jugfile in this process and open its jugdir; return the store and the jugfile's names.

    Args:
        jugfile: Default `jugfile.py`.
        jugdir: Default `jugdata`.
        on_error: What to do if the jugfile raises: "exit" with its traceback, or "propagate" the error.
        store: Used in place of a jugdir.
        args: What the jugfile finds in `sys.argv` behind its own name; default: `sys.argv` stays as it is.
    """
    from jughpc.app.jugapi import api  # only now: it doubles the time of `import jug`, and few jugfiles need it

    return api.init(jugfile, jugdir, on_error, store, args)


def set_jugdir(jugdir: object = None) -> Any:
    """Open, or make, the jugdir that all tasks' results lie in from now on, and return its store.

    Args:
        jugdir: Default `jugdata`; what is no text is taken for a store itself.
    """
    from jughpc.app.jugapi import api

    return api.set_jugdir(jugdir)
