"""One message at the end of it all: done, failed, or in need of somebody.

submissions/<number>/notified   written by whoever tells it, once: nobody tells it again
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from jughpc.app.context.site import Site
from jughpc.app.status.tasks import COMPLETE, FAILED, Standing
from jughpc.batch import shell, submissions
from jughpc.batch.scheduler import Reply
from jughpc.batch.shell import SignalledError
from jughpc.errors import JugError
from jughpc.fs import Files, environment

MAIL = "mail"
"""What to say instead of a command to have the scheduler mail how the last job ended."""

PREFIX = "JUGHPC_NOTICE_"

ALL_DONE, WENT_WRONG, NEEDS_YOU = "done", "failed", "left"
"""All is done; the last job itself failed; tasks are left, and nobody works on them."""

_TOLD = "notified"
_PATIENCE = 60.0  # [s] that a command may take
_NEAR = 90.0  # [s] before its deadline in which a signal ends a job for good

Run = Callable[..., Reply]


@dataclass
class Notice:
    """What there is to tell.

    Attributes:
        event: One of the words above, "" for nothing: others go on.
        lines: What happened, in words.
        standing: How the tasks stand, None if nobody knows.
    """

    event: str = ""
    lines: Sequence[str] = ()
    standing: Standing | None = None


@contextmanager
def at_end(site: Site, number: int | None, deadline: float | None = None, run: Run = shell.run) -> Iterator[Notice]:
    """Run a submission's command when the block has ended, with what happened: at most once for a submission.

    It gets it in variables and as its input. What goes wrong with it is said, and harms nothing.

    Args:
        number: Of the submission; without one, or a command of its own, nobody is told.
        deadline: When the scheduler ends this job [Unix s]; a signal before that may be followed by another start.
    """
    notice = Notice()
    try:
        yield notice
    except SignalledError:
        is_over = deadline is not None and site.clock.wall() > deadline - _NEAR
        notice.event, notice.lines = (WENT_WRONG, ["it met its time limit"]) if is_over else ("", ())
        raise
    except SystemExit as error:
        if error.code:
            notice.event, notice.lines = WENT_WRONG, [f"exit code {error.code}"]
        raise
    except Exception as error:
        words = str(error) or type(error).__name__
        notice.event, notice.lines = WENT_WRONG, words.splitlines()
        raise
    finally:
        if number is not None and notice.event:
            _tell(site, number, notice, run)


def _tell(site: Site, number: int, notice: Notice, run: Run) -> None:
    try:
        if (files := site.files) is None or not (command := _owed(files, site.location.folder(), number)):
            return
        env = {**environment(), **_variables(site, number, notice)}
        words = "\n".join(_words(site, number, notice))
        reply = run(["/bin/sh", "-c", command], timeout=_PATIENCE, env=env, said=words)
    except (OSError, JugError) as error:
        site.say(f"the command of --notify did not run: {error}")
        return
    if reply.code:
        last = (reply.stderr or reply.stdout).strip().splitlines()[-1:] or ["it said nothing"]
        site.say(f"the command of --notify ended with exit code {reply.code}: {last[0]}")


def _owed(files: Files, folder: Path, number: int) -> str:
    """Take note that it is told; return the command, "" if there is none, somebody did before, or it was cancelled."""
    submission = submissions.load(files, folder, number)
    command = submission.meta.get("notify", MAIL)
    if command == MAIL or submissions.is_cancelled(files, submission):
        return ""
    with suppress(FileExistsError):
        files.write(f"{submission.path}/{_TOLD}", [])
        return command
    return ""


def _variables(site: Site, number: int, notice: Notice) -> Mapping[str, str]:
    standing = notice.standing
    told = {
        "EVENT": notice.event,
        "SUBMISSION": str(number),
        "JUGFILE": str(site.target.jugfile),
        "JUGDIR": str(site.location.folder()),
        "TOTAL": str(len(standing.manifest)) if standing else "",
        "DONE": str(standing.count(COMPLETE)) if standing else "",
        "FAILED": str(standing.count(FAILED)) if standing else "",
    }
    return {f"{PREFIX}{name}": text for name, text in told.items()}


def _words(site: Site, number: int, notice: Notice) -> Iterator[str]:
    yield f"{site.target.jugfile}, submission {number}: {_HEADS[notice.event]}"
    yield from notice.lines
    yield f"The results are in {site.location.folder()}; `jughpc status` shows more.\n"


_HEADS = {
    ALL_DONE: "all is done",
    WENT_WRONG: "the last job failed",
    NEEDS_YOU: "tasks are left, and nobody works on them",
}
