"""The code of ours that a simulated cluster plays: what ships, but for what a test breaks on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from jughpc.batch.scheduler import Scheduler
from jughpc.batch.shell import SignalledError
from jughpc.testing.cluster import today
from jughpc.testing.cluster.board import Board, Life
from jughpc.testing.cluster.processes import Start, Steps
from jughpc.testing.cluster.today import Bench
from jughpc.testing.cluster.told import Told


def _signals() -> Mapping[str, Callable[[], BaseException]]:
    return {"INT": KeyboardInterrupt, "HUP": lambda: SignalledError(1), "TERM": lambda: SignalledError(15)}


@dataclass(frozen=True)
class Parts:
    """Which use cases are played.

    Each is plain, blocking code that sees nothing of the world but its bench: files, a clock, a `Run` and somebody to
    tell. It is an actor of its own: others go on while it waits, and it may die at any call of files or commands.

    Attributes:
        submit: Queues a submission; returns the exit code.
        status: Says how the latest submission stands.
        cancel: Ends submission `number`; returns the exit code.
        collect, reduce: What these jobs run, given the options in their scripts; they return the exit code.
        end: Tells how such a job of submission `number` ended, given its exit code; takes no time.
        work: What an array's element runs: a generator, so that it costs no thread.
        scheduler: Returns the scheduler that is spoken through, given the one that ships.
        signals: Those that our commands handle, and what each raises in them; any other ends them at once.
    """

    submit: Callable[[Bench], int] = today.submit
    status: Callable[[Bench], Sequence[Told]] = today.status
    cancel: Callable[[Bench, int], int] = today.cancel
    collect: Callable[[Bench, Mapping[str, str]], int] = today.collect
    reduce: Callable[[Bench, Mapping[str, str]], int] = today.reduce
    end: Callable[[Bench, int, int], None] = today.tell_end
    work: Callable[[Board, Start, Life], Steps] = Board.worker
    scheduler: Callable[[Scheduler], Scheduler] = lambda scheduler: scheduler
    signals: Mapping[str, Callable[[], BaseException]] = field(default_factory=_signals)
