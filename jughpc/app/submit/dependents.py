"""What follows an array: the collector that waits for it, and the reduce that ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from jughpc.app.context.target import Target
from jughpc.app.status import followers
from jughpc.app.submit.notify import MAIL
from jughpc.app.submit.progress import Progress
from jughpc.batch.plan import DependentJob
from jughpc.batch.scheduler import Role
from jughpc.batch.submissions import Submission

WORKERS = "--workers="  # how the command line of an element says that it has several
LAST = "--queues-reduce"  # how the command line of a collector says that no reduce waits for it
_JUGDIR = "--jugdir"  # in each of these, behind the jugfile


def of_array(target: Target, submission: Submission, rounds: int, progress: Progress) -> list[DependentJob]:
    """Return the jobs that depend on an array of `submission`: the collector and, if it has one, the reduce.

    Args:
        rounds: Further arrays in a row that may follow ones which brought nothing.
        progress: How far things are before the array begins.
    """
    dependents = [collector(target, submission, rounds, progress), *reduce_alone(target, submission)]
    last = replace(dependents[-1], is_told=submission.meta.get("notify") == MAIL)
    return [*dependents[:-1], last]


def collector(
    target: Target, submission: Submission, rounds: int, progress: Progress, *, last: bool = False
) -> DependentJob:
    """Return the collector of an array.

    Args:
        last: Whether no reduce waits for it: it queues that itself once all is done.
    """
    told = (f"--submission={submission.number}", f"--rounds={rounds}", f"--progress={progress}")
    partly = ("--reduce-on=any",) if _is_partial(submission) else ()
    how = (*told, *partly, *_tells(submission), *((LAST,) if last else ()))
    words = argv(submission.options.own_program, "collect", target, *how)
    mails = last and submission.meta.get("notify") == MAIL  # nobody knows yet whether there will be a reduce
    return DependentJob(Role.COLLECT, words, submission.options.collect, is_told=mails)


def reduce_alone(target: Target, submission: Submission) -> list[DependentJob]:
    """Return the reduce of a submission, none if it has none.

    It looks itself whether all is done, or one that takes what is there, whether its collector lets it: a system that
    has forgotten that one may start it at any time.
    """
    if (reduce := followers.reduce_of(submission)) is None:
        return []
    key = submission.meta.get("reduce_text")
    script = [f"--script={reduce}", *([f"--script-text={key}"] if key else [])]
    script += ["--if-released" if _is_partial(submission) else "--if-done"]
    script += [f"--submission={submission.number}", *_tells(submission)]
    told = submission.meta.get("notify") == MAIL
    words = argv(submission.options.program, "reduce", target, *script)
    return [DependentJob(Role.REDUCE, words, submission.options.reduce, is_told=told)]


def _is_partial(submission: Submission) -> bool:
    return submission.meta.get("reduce_on") == "any"


def _tells(submission: Submission) -> tuple[str, ...]:
    """Return the option that says that somebody is told how it all ended, unless the system does that."""
    return ("--tells",) if submission.meta.get("notify", MAIL) != MAIL else ()


def operand(path: Path) -> str:
    """Return `path` as no command takes it for an option: the file `-j.py` as ``./-j.py``."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def with_options(argv: tuple[str, ...], *options: str) -> tuple[str, ...]:
    """Return a command line that `argv` made with further options."""
    begin = argv.index(_JUGDIR) - 1  # behind the command, before the jugfile
    return (*argv[:begin], *options, *argv[begin:])


def argv(program: Sequence[str], command: str, target: Target, *options: str) -> tuple[str, ...]:
    """Return the command line of one of our own commands, which `program` begins."""
    own: Sequence[str] = ("--", *target.args) if target.args else ()
    named = (operand(target.jugfile), _JUGDIR, str(target.location.folder()), "--trusted")
    text = ("--as-submitted", target.source.parent.name) if target.source else ()
    return (*program, command, *named, *text, *options, *own)
