"""How a job of ours records its own end, for when its scheduler has forgotten it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from jughpc import host
from jughpc.app.context.site import Site
from jughpc.app.status import followers
from jughpc.batch import ends, submissions
from jughpc.batch.ends import End
from jughpc.batch.scheduler import Role, State
from jughpc.errors import JugError, JugfileError
from jughpc.exitcode import ExitCode, after_signal

_INT = 2


@dataclass
class OwnEnd:
    """What is recorded when the block ends.

    Attributes:
        code: The exit code.
        lines: The last of what there is to say.
    """

    code: int = ExitCode.DONE
    lines: Sequence[str] = ()


@contextmanager
def recorded(site: Site, role: Role, environ: Mapping[str, str]) -> Iterator[OwnEnd]:
    """Record how the block ended where the job's script says; by hand, nowhere."""
    own = OwnEnd()
    try:
        yield own
    except BaseException as error:
        own.code, own.lines = _code(error), _lines(error)
        raise
    finally:
        if path := _path(site, role, environ):
            with suppress(OSError):  # the exit code says it, too
                _tell(site, path, _end(site, own, environ))


def broken_off(site: Site, code: int, environ: Mapping[str, str]) -> None:
    """Record that a signal broke off this element's worker, if one did: else it would seem to have ended by itself."""
    path = _path(site, Role.ARRAY, environ)
    if path and code > after_signal(0):
        with suppress(OSError):
            _tell(site, path, _end(site, OwnEnd(code), environ))


def tell_start_failed(site: Site, environ: Mapping[str, str], error: Exception) -> None:
    """Record where the script of an element says, that `error` ended it before it worked."""
    if path := _path(site, Role.ARRAY, environ):
        reason = f"{ends.START}, `{site.target.jugfile.name}`: {_raised(error)}"
        owner, lines = environ.get("JUGHPC_OWNER", ""), tuple(_lines(error))
        end = End(owner, _code(error), State.FAILED, reason, lines, host.hostname())
        with suppress(OSError):  # its log says it, too
            _tell(site, path, replace(end, when=site.clock.wall()))


def stem(site: Site, role: Role, environ: Mapping[str, str]) -> str:
    """Return how the names of this job's own files begin, "" by hand."""
    path = _path(site, role, environ)
    return path.stem if path else ""


def array_of(site: Site, environ: Mapping[str, str]) -> str:
    """Return how the names of the files begin of the array that this element is of, "" by hand."""
    match = re.match("[0-9]{1,9}-array", stem(site, Role.ARRAY, environ))
    return match[0] if match else ""


def mark_reduced(site: Site, script: Path) -> None:
    """Record with each submission that this is the reduce of that it ended well."""
    if (files := site.files) is None:
        return
    for submission in submissions.every(files, site.location.folder()):
        wanted = followers.reduce_of(submission)
        if wanted and (submission.options.workdir / wanted).absolute() == script.absolute():
            followers.mark_reduced(files, submission)


def _tell(site: Site, path: Path, end: End) -> None:
    if files := site.files:
        ends.tell(files, path.relative_to(site.location.folder()).as_posix(), end)


def _end(site: Site, own: OwnEnd, environ: Mapping[str, str]) -> End:
    owner = environ.get("JUGHPC_OWNER", "")
    if own.code > after_signal(0):
        return ends.of_signal(owner, own.code - after_signal(0))
    state = State.FAILED if own.code else State.DONE
    reason = f"exit code {int(own.code)}" if own.code else ""
    return End(owner, int(own.code), state, reason, tuple(own.lines), host.hostname(), site.clock.wall())


def _path(site: Site, role: Role, environ: Mapping[str, str]) -> Path | None:
    """Return where this job is to tell its end; None for what a task or a script of ours started by hand."""
    path = Path(environ.get("JUGHPC_END", ""))
    mine = re.search(rf"-{role.value}(-\d+)?\.json$", path.name) and site.location.folder() in path.parents
    return path if mine else None


def _code(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        return after_signal(getattr(error, "number", _INT))
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    return ExitCode.USAGE if isinstance(error, JugfileError) else ExitCode.FAILED


def _raised(error: Exception) -> str:
    """Return in one line what was raised."""
    told = error.trace.rstrip().splitlines()[-1:] if isinstance(error, JugfileError) else _lines(error)[:1]
    return told[0] if told else type(error).__name__


def _lines(error: BaseException) -> list[str]:
    if isinstance(error, JugfileError):
        return [*error.trace.splitlines(), *error.words.splitlines()]
    words = str(error) if isinstance(error, JugError) else f"{type(error).__name__}: {error}"
    return words.splitlines()
