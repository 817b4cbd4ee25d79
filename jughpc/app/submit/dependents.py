"""What follows an array: the collector that waits for it, and the reduce that ends it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jughpc.app.context.target import Target
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
    plain = replace(submission.options.resources, gpus=None)
    options = (f"--submission={submission.number}", f"--rounds={rounds}", f"--progress={progress}")
    collect = argv("collect", target, *options)
    dependents = [DependentJob(Role.COLLECT, collect, plain)]
    if reduce is not None:
        run, checking = (argv("reduce", target, f"--script={reduce}", *how) for how in ((), ("--if-done",)))
        dependents.append(DependentJob(Role.REDUCE, run, plain, checking))
    return dependents


def argv(command: str, target: Target, *options: str) -> tuple[str, ...]:
    """Return the command line of one of our own commands, independent of PATH and activation."""
    own: Sequence[str] = ("--", *target.args) if target.args else ()
    folder = str(target.location.folder())
    return (sys.executable, "-m", "jughpc", command, str(target.jugfile), "--jugdir", folder, *options, *own)
