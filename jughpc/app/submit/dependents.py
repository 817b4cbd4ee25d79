"""What follows an array: the collector that waits for it, and the reduce that ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jughpc.app.context.target import Target
from jughpc.app.submit.notify import MAIL
from jughpc.app.submit.progress import Progress
from jughpc.batch.plan import DependentJob
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Submission


def of_array(
    target: Target, submission: Submission, rounds: int, reduce: Path | None, progress: Progress
) -> list[DependentJob]:
    """Return the jobs that depend on an array of `submission`.

    Args:
        rounds: Further arrays in a row that may follow ones which brought nothing.
        reduce: The script that runs once all is done, None for none.
        progress: How far things are before the array begins.
    """
    options = submission.options
    is_partial = submission.meta.get("reduce_on") == "any"
    told = (f"--submission={submission.number}", f"--rounds={rounds}", f"--progress={progress}")
    notify = submission.meta.get("notify")
    command = (f"--notify={notify}",) if notify and notify != MAIL else ()
    partly = ("--reduce-on=any",) if is_partial else ()
    collect = argv(options.python, "collect", target, *told, *partly, *command)
    dependents = [DependentJob(Role.COLLECT, collect, options.collect)]
    if reduce is not None:
        key = submission.meta.get("reduce_text")
        script = [f"--script={reduce}", *([f"--script-text={key}"] if key else [])]
        script += [f"--submission={submission.number}", *command] if command else []
        run, checking = (argv(options.python, "reduce", target, *script, *how) for how in ((), ("--if-done",)))
        dependents.append(DependentJob(Role.REDUCE, run, options.reduce, run if is_partial else checking))
    dependents[-1] = replace(dependents[-1], is_told=notify == MAIL)
    return dependents


def operand(path: Path) -> str:
    """Return `path` as no command takes it for an option: the file `-j.py` as ``./-j.py``."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def argv(python: str, command: str, target: Target, *options: str) -> tuple[str, ...]:
    """Return the command line of one of our own commands, for that interpreter."""
    own: Sequence[str] = ("--", *target.args) if target.args else ()
    named = (operand(target.jugfile), "--jugdir", str(target.location.folder()), "--trusted")
    text = ("--as-submitted", target.source.parent.name) if target.source else ()
    return (python, "-m", "jughpc", command, *named, *text, *options, *own)
