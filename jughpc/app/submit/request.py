"""What a user asks for when he submits, and how the command line of an element says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from jughpc.app.submit.dependents import WORKERS
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.config.asks import Rule
from jughpc.config.kinds import COUNT, Kind, Raw
from jughpc.config.settings import named
from jughpc.errors import JugdirError, SettingError, UsageError
from jughpc.units import show_seconds
from jughpc.worker.deadline import LEAST, MARGIN

T = TypeVar("T")
U = TypeVar("U")

START, SAVE_TIME = "--start=", "--save-time="  # of an element's command line


@dataclass(frozen=True)
class Retry:
    """How much more tasks get that got too little.

    Attributes:
        mem, time: Times as much, for each time that they did; None for no more.
        mem_max, time_max: No more than that [bytes; s], None for no bound.
    """

    mem: float | None = None
    mem_max: int | None = None
    time: float | None = None
    time_max: float | None = None


@dataclass(frozen=True)
class SubmitRequest:
    """What the user asked for.

    Attributes:
        size: Elements of the array, AUTO for as many as it takes.
        scheduler: Its name, None to look what is there.
        name: Of the jobs, None for the jugfile's.
        reduce: The script that runs when all is done, None for none.
        retries: How often a task that fails is tried again.
        max_crashes: How many workers a task may kill before it fails.
        workers: In each element, AUTO for as many as it gets cores or GPUs.
        start: How these come about, "" as by default.
        save_time: How long before its time is up a task is told so that saves [s], None as by default.
        stage: Whether what they import is unpacked on their node's own disk.
        rounds: Further arrays in a row that may follow ones which brought nothing; 0 for none at all.
        again: Whether another submission that goes on is no hindrance.
        reduce_on: "done" if the reduce is for all results alone, "any" if it takes what is there in the end.
        notify: The command that is told how all of it ended, or MAIL; None for nobody.
        within: By when all is to be done, for an array that is sized by that [s]; None for a usual time.
        retry: What tasks get that got too little.
        rules: What functions ask for in place of what `options` says, besides their decorators.
        share: Whether elements run tasks that ask for less, once none of theirs can be run.
        wanted: Those of them that are to name a function.
    """

    size: int
    options: ElementOptions
    scheduler: str | None = None
    name: str | None = None
    reduce: Path | None = None
    retries: int = 0
    max_crashes: int = 3
    workers: int = 1
    start: str = ""
    save_time: float | None = None
    stage: bool = False
    rounds: int = 2
    again: bool = False
    reduce_on: str = "done"
    notify: str | None = None
    within: float | None = None
    retry: Retry = field(default_factory=Retry)
    rules: Sequence[Rule] = ()
    share: bool = False
    wanted: Sequence[Rule] = ()

    @property
    def stages(self) -> bool:
        """Whether anything is to be unpacked: an image holds what is imported in a container."""
        return self.stage and self.options.container is None


def said(argv: Sequence[str], option: str) -> str:
    """Return what an element's command line says by `option`, "" if nothing."""
    return next((word.removeprefix(option) for word in argv if word.startswith(option)), "")


def read_said(submission: Submission, option: str, kind: Kind[T], usual: U) -> T | U:
    """Return what the command line of its elements says by `option`, `usual` if nothing. Raises as `read_kept`."""
    return read_kept(submission, option.rstrip("="), said(submission.workload.argv, option) or None, kind, usual)


def rounds_of(submission: Submission, usual: int) -> int:
    """Return how many further arrays may follow one that brought nothing; `usual` where nobody said. As `read_kept`."""
    kind: Kind[int] = named()["rounds"].kind
    return read_kept(submission, "rounds", submission.meta.get("rounds"), kind, usual)


def read_kept(submission: Submission, name: str, text: Raw | None, kind: Kind[T], usual: U) -> T | U:
    """Return what a text in a submission's record means, `usual` for none.

    Raises:
        JugdirError: It means nothing: the record was damaged, or edited.
    """
    try:
        return kind.read(text) if text is not None else usual
    except SettingError as error:
        raise JugdirError(
            f"the record of submission {submission.number} is damaged: {name}: {error} "
            "Mend it, or make another submission: jughpc submit."
        ) from None


def if_said(request: SubmitRequest) -> tuple[str, ...]:
    """Return the options that say what is not as by default."""
    count = "" if request.workers == 1 else f"{WORKERS}{COUNT.show(request.workers)}"
    start = f"{START}{request.start}" if request.start else ""
    save_time = "" if request.save_time is None else f"{SAVE_TIME}{request.save_time:g}"
    return tuple(filter(None, (count, start, save_time)))


def check_time(walltime: float | None, whose: str = "") -> None:
    """Raise UsageError if that is too little time for a worker [s].

    Args:
        whose: Time that is, where it is not that of all elements.
    """
    if walltime is not None and walltime < LEAST:
        raise UsageError(
            f"{whose}--time {show_seconds(walltime)} is less than a worker needs: some "
            f"{show_seconds(LEAST - MARGIN)} to start, and {show_seconds(MARGIN)} before the end, in which it begins "
            f"nothing. Ask for {show_seconds(LEAST)} or more."
        )
