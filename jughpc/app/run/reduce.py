"""Run a script that sees the jugfile's names and `value`, once the tasks are done."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path

from jughpc.app.context.session import Session
from jughpc.app.context.site import Site
from jughpc.app.context.target import named
from jughpc.errors import JugfileError, ResultMissingError, UsageError
from jughpc.tasks import hints, usertrace
from jughpc.tasks.jugfile import has_changed, show_in_tracebacks
from jughpc.tasks.tasklet import value


def reduce(session: Session, script: Path, source: Path | None = None, note: str = "") -> None:
    """Run `script` as `__main__`, with the names of the jugfile that was just loaded, and `value`.

    Args:
        source: Where its text lies as it was submitted; None to read it from `script`.
        note: What to say of it before it runs, "" for nothing.
    Raises:
        UsageError: There is no such script, or a result that it needs is missing.
        JugfileError: It raised.
    """
    text = _script_text(session.site, script, source)
    if note:
        session.site.say(f"{script} {note}")
    space = {**session.jugfile.space, "value": value, "__name__": "__main__", "__file__": str(script.absolute())}
    sys.argv = [str(script), *session.target.args]
    try:
        show_in_tracebacks(script, text)
        exec(compile(text, script, "exec"), space)  # noqa: S102  # what the script is for
    except ResultMissingError as error:
        raise UsageError(
            f"{script} needs a result that is not there; see `jughpc status`. `value(tasks, missing=None)` takes what "
            f"is there. {_again(session, script)}\n{error}"
        ) from error
    except Exception as error:
        hint = f"{hints.of_reduce(error)} {_again(session, script)}".lstrip()
        raise JugfileError(str(script), usertrace.of(error), hint) from error


def _again(session: Session, script: Path) -> str:
    """Return how a reduce is run by hand, in the folder where it was submitted."""
    at = named(replace(session.target, chosen=""))
    return f"Once it is mended: jughpc reduce{at} --script {shlex.quote(str(script))}"


def _script_text(site: Site, script: Path, source: Path | None) -> bytes:
    """Return what runs, and say so if that is not what the user sees. Raises UsageError."""
    try:
        text = (source or script).read_bytes()
    except OSError as error:
        raise UsageError(
            f"no reduce script can be read from {source or script}: {error.strerror}; give its path with --script."
        ) from error
    if source and has_changed(script, text):
        what = "has changed" if script.is_file() else "is gone"
        site.say(f"{script} {what} since it was submitted; this runs what was submitted")
    return text
