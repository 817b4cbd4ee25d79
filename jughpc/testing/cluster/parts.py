"""The code of ours that a simulated cluster plays: what ships, but for what a test breaks on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from jughpc.app.status.report import Report
from jughpc.batch.shell import SignalledError
from jughpc.testing.cluster import commands
from jughpc.testing.cluster.board import Worker
from jughpc.testing.cluster.broken import Broken
from jughpc.testing.cluster.commands import Bench
from jughpc.testing.cluster.processes import Steps
from jughpc.testing.cluster.scripts import Command


def _signals() -> Mapping[str, Callable[[], BaseException]]:
    return {"INT": KeyboardInterrupt, "HUP": lambda: SignalledError(1), "TERM": lambda: SignalledError(15)}


def _typed() -> Mapping[str, Callable[[Bench], int]]:
    return {
        "submit": commands.submit, "again": partial(commands.submit, again=True), "more": commands.more,
        "more elsewhere": commands.more_elsewhere, "resubmit": commands.resubmit, "submissions": commands.listing,
    }  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """Which use cases are played.

    Each is plain, blocking code that sees nothing of the world but its bench: files, a clock, a `Run` and somebody to
    tell. It is an actor of its own: others go on while it waits, and it may die at any call of files or commands.

    Attributes:
        typed: What users type, by name; each returns its exit code.
        status: Says how the latest submission stands.
        cancel: Ends submission `number`, by default all; returns the exit code.
        collect, reduce: What these jobs run, given the command in their scripts; they return the exit code.
        work: What an array's element runs: a generator, so that it costs no thread.
        signals: Those that our commands handle, and what each raises in them; any other ends them at once.
        broken: Where what ships is changed on purpose while it is played.
    """

    typed: Mapping[str, Callable[[Bench], int]] = field(default_factory=_typed)
    status: Callable[[Bench], Report] = commands.status
    cancel: Callable[[Bench, int | None], int] = commands.cancel
    collect: Callable[[Bench, Command], int] = commands.collect
    reduce: Callable[[Bench, Command], int] = commands.reduce
    work: Callable[[Worker], Steps] = Worker.play
    signals: Mapping[str, Callable[[], BaseException]] = field(default_factory=_signals)
    broken: Sequence[Broken] = ()
