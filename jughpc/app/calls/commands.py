"""Commands of ours, typed for somebody who writes Python instead."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jughpc.batch import shell
from jughpc.errors import JugError
from jughpc.tasks import running

_NOT_HERE = {"dry_run", "json"}
_TIMEOUT = 3600.0  # [s] of a look, which may wait for a scheduler, and for a jugfile that loads


class CommandFailedError(JugError, RuntimeError):
    """A command did not do what was asked for; the text is what it said of it."""


@dataclass(frozen=True)
class Submission:
    """What was queued.

    Attributes:
        number: Of the submission, as `jughpc status --submission` takes it; None if nothing was to be queued.
        jobs: The ids of its jobs by role: array, collect, reduce. A large array may be several.
        logs: The folder of its logs, None if nothing was to be queued.
        jugdir: Where its results are kept.
    """

    number: int | None
    jobs: Mapping[str, Sequence[str]]
    logs: Path | None
    jugdir: str


def submit(
    jugfile: str | Path,
    *args: str,
    array: int | str | None = None,
    scheduler_options: Sequence[str] = (),
    **options: Any,
) -> Submission:
    """Submit a jugfile as an array job of workers, as `jughpc submit` does; return what was queued.

    Args:
        args: The jugfile's own arguments.
        array: Elements, or "auto"; one where nothing is said.
        scheduler_options: What stands behind ``--`` there, a word each.
        options: Others of the command's, by name: ``time="2h", mem="4G", again=True``, or ``more=16`` for what goes on.
    Raises:
        RuntimeError: It was refused, or a jugfile that is being loaded says this; the text tells why, and what to do.
        TypeError: An option is neither text, number nor switch.
    """
    if running.loading:
        raise CommandFailedError(
            f"{jugfile} is not submitted by a jugfile that is being loaded: each worker, and each look, loads it anew. "
            "Submit from a script or a notebook; or from a function that a task runs, which is done once."
        )
    told = answer(*_submit(jugfile, args, array, scheduler_options, options), timeout=None)  # it may wait for room
    logs = None if told["logs"] is None else Path(told["logs"])
    return Submission(told["submission"], told["jobs"], logs, told["jugdir"])


def _submit(
    jugfile: str | Path, args: Sequence[str], array: int | str | None, behind: Sequence[str], options: Mapping[str, Any]
) -> list[str]:
    """Return the words of the command. Raises TypeError."""
    if isinstance(behind, str) or not all(isinstance(word, str) for word in behind):
        raise TypeError(f'scheduler_options is to be a list of words, ["--nice=5"], not {behind!r}')
    if odd := sorted(_NOT_HERE & options.keys()):
        raise TypeError(f"{odd[0]} is for `jughpc submit` on a command line: this queues, and returns what was queued")
    own = words({"array": array, **options})
    return ["submit", str(jugfile), *map(str, args), "--json", *own, *(["--", *behind] if behind else [])]


def words(options: Mapping[str, Any]) -> list[str]:
    """Return options as a command line has them. Raises TypeError for one that is neither text, number nor switch."""
    found: list[str] = []
    for name, value in options.items():
        spelt = f"--{name.replace('_', '-')}"
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, bool):
                found += [spelt] if one else [f"--no-{spelt[2:]}"]
            elif isinstance(one, str | int | float | Path):
                found += [spelt, str(one)]
            elif one is not None:
                raise TypeError(f"{name} is to be a text, a number, True or False, not {one!r}")
    return found


def answer(*argv: str, timeout: float | None = _TIMEOUT) -> Any:
    """Return what a command of ours answers in JSON. Raises CommandFailedError."""
    reply = shell.run([sys.executable, "-m", "jughpc", *argv], timeout=timeout)
    for text in (reply.stdout, reply.stdout.rstrip().rpartition("\n")[2]):  # a jugfile may have printed before
        with suppress(ValueError):
            return json.loads(text)
    said = (reply.stderr or reply.stdout).strip().removeprefix("jughpc: ")
    raise CommandFailedError(f"jughpc {argv[0]}: {said or f'exit code {reply.code}'}")
