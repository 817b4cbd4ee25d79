"""What follows an array: the collector that waits for it, and the reduce that ends it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jughpc.app.context.target import Target
from jughpc.batch.plan import DependentJob
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Submission


def of_array(
    target: Target, submission: Submission, rounds: int, reduce: Path | None, *more: str
) -> list[DependentJob]:
    """Return the jobs that depend on an array of `submission`.

    Args:
        rounds: Further arrays that may be submitted for what this one leaves.
        reduce: The script that runs once all is done, None for none.
        more: Further options of the collector.
    """
    plain = replace(submission.options.resources, gpus=None)
    collect = argv("collect", target, f"--submission={submission.number}", f"--rounds={rounds}", *more)
    dependents = [DependentJob(Role.COLLECT, collect, plain)]
    if reduce is not None:
        run, checking = (argv("reduce", target, f"--script={reduce}", *how) for how in ((), ("--if-done",)))
        dependents.append(DependentJob(Role.REDUCE, run, plain, checking))
    return dependents


def operand(path: Path) -> str:
    """Return `path` as no command takes it for an option: the file `-j.py` as ``./-j.py``."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def argv(command: str, target: Target, *options: str) -> tuple[str, ...]:
    """Return the command line of one of our own commands, independent of PATH and activation."""
    own: Sequence[str] = ("--", *target.args) if target.args else ()
    folder = str(target.location.folder())
    return (
        sys.executable,
        "-m",
        "jughpc",
        command,
        operand(target.jugfile),
        "--jugdir",
        folder,
        "--trusted",
        *options,
        *own,
    )
