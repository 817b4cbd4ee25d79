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
    jugfile: str | Path, *args: str, array: int | str = 1, scheduler_options: Sequence[str] = (), **options: Any
) -> Submission:
    """Submit a jugfile as an array job of workers, as `jughpc submit` does; return what was queued.

    Args:
        args: The jugfile's own arguments.
        array: Elements, or "auto".
        scheduler_options: What stands behind ``--`` there.
        options: Others of the command's, by name: ``time="2h", mem="4G", again=True``.
    Raises:
        RuntimeError: It was refused; the text says why, and what to do.
        TypeError: An option is neither text, number nor switch.
    """
    behind = ["--", *scheduler_options] if scheduler_options else []
    argv = ["submit", str(jugfile), *args, "--array", str(array), "--json", *words(options), *behind]
    told = answer(*argv, timeout=None)  # it may wait for room, or with wait=True for all of it
    logs = None if told["logs"] is None else Path(told["logs"])
    return Submission(told["submission"], told["jobs"], logs, told["jugdir"])


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
