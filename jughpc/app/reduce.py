"""Run a script that sees the jugfile's names and `value`, once the tasks are done."""

from __future__ import annotations

import sys
from pathlib import Path

from jughpc.app import session as sessions
from jughpc.app.recent import Target
from jughpc.errors import ResultMissingError, UsageError
from jughpc.tasks import usertrace
from jughpc.tasks.tasklet import value


class ReduceError(UsageError):
    """The script raised; carries its traceback."""


def reduce(target: Target, script: Path) -> None:
    """Run `script` as `__main__`, with the names of the jugfile and `value`.

    Raises:
        UsageError: There is no such script, or it raised: with its own traceback.
    """
    if not script.is_file():
        raise UsageError(f"there is no reduce script {script}; give its path with --script.")
    session = sessions.peek(target)
    space = {**session.jugfile.space, "value": value, "__name__": "__main__", "__file__": str(script.absolute())}
    sys.argv = [str(script), *target.args]
    try:
        exec(compile(script.read_bytes(), script, "exec"), space)  # noqa: S102  # what the script is for
    except ResultMissingError as error:
        hint = "not all tasks are done: see `jughpc status`"
        raise ReduceError(
            f"{usertrace.of(error).rstrip()}\n{script} needs a result that is not there; {hint}."
        ) from error
    except Exception as error:
        raise ReduceError(f"{usertrace.of(error).rstrip()}\n{script} raised the error above.") from error
