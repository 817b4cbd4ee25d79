"""Run a script that sees the jugfile's names and `value`, once the tasks are done."""

from __future__ import annotations

import sys
from pathlib import Path

from jughpc.app.context.session import Session
from jughpc.errors import JugfileError, ResultMissingError, UsageError
from jughpc.tasks import hints, usertrace
from jughpc.tasks.tasklet import value


def reduce(session: Session, script: Path) -> None:
    """Run `script` as `__main__`, with the names of the jugfile that was just loaded, and `value`.

    Raises:
        UsageError: There is no such script, or a result that it needs is missing.
        JugfileError: It raised.
    """
    if not script.is_file():
        raise UsageError(f"there is no reduce script {script}; give its path with --script.")
    space = {**session.jugfile.space, "value": value, "__name__": "__main__", "__file__": str(script.absolute())}
    sys.argv = [str(script), *session.target.args]
    try:
        exec(compile(script.read_bytes(), script, "exec"), space)  # noqa: S102  # what the script is for
    except ResultMissingError as error:
        raise UsageError(f"{script} needs a result that is not there; see `jughpc status`.\n{error}") from error
    except Exception as error:
        raise JugfileError(str(script), usertrace.of(error), hints.of_reduce(error)) from error
