"""What a process does that imports `jug` or its names, and that no command of ours runs.

`python primes.py` makes tasks and computes none, which it tells, or does. A child of a task takes up what its worker
has loaded.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jughpc import host
from jughpc.app.run import children
from jughpc.tasks import running
from jughpc.tasks.task import Task, alltasks

HERE = "--here"


def watch() -> None:
    """Be a worker's child, or tell at the end of a plain script how its tasks are run, or run them for --here."""
    if running.is_jug_running():
        return
    if (script := _script()) is None:
        children.take_up()
        return
    if HERE in sys.argv[1:]:
        rest = [word for word in sys.argv[1:] if word != HERE]
        host.become([sys.executable, "-m", "jughpc", "execute", str(script), "--", *rest])
    host.at_my_end(lambda: _tell(script))


def _script() -> Path | None:
    """Return the script that this process runs, None if it is a command, a child, a session, or jughpc itself."""
    from multiprocessing import parent_process  # not asked where a command of ours runs

    main = sys.modules.get("__main__")
    path = getattr(main, "__file__", None) or ""
    if parent_process() is not None or getattr(main, "__spec__", None) is not None or not path.endswith(".py"):
        return None
    return Path(path).relative_to(Path.cwd()) if Path(path).is_relative_to(Path.cwd()) else Path(path)


def _tell(script: Path) -> None:
    mine = sum(task.name.startswith("__main__.") for task in alltasks)
    if mine and Task.store is None and not running.is_jug_running() and sys.stderr is not None:
        print(
            f"{script.name} made {mine} tasks, and computed none of them. To do so: jughpc execute {script}, "
            f"or python {script} {HERE}",
            file=sys.stderr,
        )
