"""Let the elements of a small array meet in a folder, and tell what they saw of each other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from jughpc import host
from jughpc.app.doctor import mounts
from jughpc.app.doctor.examine import PATIENCE, Subject, on_scratch, pace_of
from jughpc.app.doctor.finding import Finding, failure, warning
from jughpc.app.doctor.visibility import Guest, Report, attend, judge, reports
from jughpc.app.run.execute import Place
from jughpc.batch import polling as queued
from jughpc.batch import registry as detect
from jughpc.batch import shell, submissions
from jughpc.batch import submitter as desks
from jughpc.batch.plan import plan
from jughpc.batch.scheduler import Workload
from jughpc.batch.submissions import Options, Submission
from jughpc.batch.submitter import Desk
from jughpc.errors import SchedulerError, UsageError
from jughpc.fs import Clock, OsFiles
from jughpc.units import show_seconds

_TOPIC = "second host"
_PAUSE = 0.5  # [s] between two looks for reports
_FAREWELL = 10.0  # [s] for elements to end by themselves, once they have reported


@dataclass(frozen=True)
class Wish:
    """What to submit.

    Attributes:
        size: Elements, 2 or more.
        options: How each is run.
        patience: How long to wait for all of them to run at one time [s].
    """

    size: int
    options: Options
    patience: float


def summon(subject: Subject, wish: Wish, clock: Clock) -> Iterator[Finding]:
    """Yield what the elements of an array found when they met where the jugdir is; leave nothing behind."""
    lag = pace_of(subject).lag
    return on_scratch(subject.jugdir, lambda scratch: _convene(scratch, subject, wish, clock, lag))


def take_part(folder: Path, place: Place, clock: Clock, patience: float) -> None:
    """Be one element of such an array: meet the others in `folder`."""
    own = folder / str(place.element)
    own.mkdir()
    guest = Guest(place.element, place.elements, host.hostname(), mounts.clock_ahead(own, clock))
    attend(OsFiles(folder / "meeting"), clock, guest, patience)


def _convene(scratch: Path, subject: Subject, wish: Wish, clock: Clock, lag: float) -> Iterator[Finding]:
    (scratch / "meeting").mkdir()
    try:
        desk, submission = _submit(scratch, subject, wish, clock)
    except (UsageError, SchedulerError) as error:
        advice = "Was it an option of the site's that is missing? Name it behind `--`."
        yield failure(_TOPIC, f"the array could not be submitted: {error}", advice)
        return
    try:
        found = _await(scratch, desk, submission, wish)
        yield from judge(found, lag) if len(found) == wish.size else [_absent(desk, submission, wish, len(found))]
    finally:
        _end(desk, submission)


def _submit(scratch: Path, subject: Subject, wish: Wish, clock: Clock) -> tuple[Desk, Submission]:
    scheduler, limits = detect.look(subject.scheduler, partial(shell.run, timeout=PATIENCE))
    argv = (sys.executable, "-m", "jughpc", "doctor", "--meet", str(scratch), "--patience", show_seconds(wish.patience))
    options = wish.options
    if scheduler.name == "local":
        options = replace(options, throttle=wish.size)  # they must run at one time, whatever the cores
    files = OsFiles(scratch)
    draft = submissions.draft(
        files, clock, scratch, scheduler=scheduler.name,
        workload=Workload(argv, wish.size, "doctor"), options=options, limits=limits,
    )  # fmt: skip
    submission = submissions.prepare(files, draft)
    desk = Desk(files, clock, scheduler, partial(shell.run, timeout=PATIENCE), lambda line: None, patience=PATIENCE)
    desks.submit(desk, submission, plan(submission, scheduler))
    return desk, submission


def _await(scratch: Path, desk: Desk, submission: Submission, wish: Wish) -> list[Report]:
    """Return the reports, all of them or, where patience ends or no element is left, those that came."""
    files, end = OsFiles(scratch / "meeting"), desk.clock.now() + wish.patience
    while len(found := reports(files)) < wish.size and desk.clock.now() < end:
        desk.clock.sleep(_PAUSE)
        if _over(desk, submission):
            return reports(files)
    return found


def _over(desk: Desk, submission: Submission) -> bool:
    """Return whether the scheduler is sure that all elements ended."""
    with suppress(SchedulerError):
        states = queued.poll(submissions.accepted(desk.files, submission), desk.scheduler, desk.run).elements
        return len(states) == submission.workload.size and all(status.state.ended for status in states.values())
    return False


def _absent(desk: Desk, submission: Submission, wish: Wish, came: int) -> Finding:
    fact = f"{came} of {wish.size} elements reported. {_words(desk, submission)}"
    if came or _said(submission):
        return failure(_TOPIC, fact, "Is Python at the same path there, and the folder the same? See the words above.")
    return warning(_TOPIC, fact, "Wait longer with --patience 1h, or name a partition that has room: --partition NAME.")


def _words(desk: Desk, submission: Submission) -> str:
    """Return the scheduler's word on each element, and the last line that one of them logged."""
    try:
        states = queued.poll(submissions.accepted(desk.files, submission), desk.scheduler, desk.run).elements
    except SchedulerError as error:
        return str(error)
    words = [f"{number}: {' '.join(filter(None, (s.state.value, s.reason)))}" for number, s in sorted(states.items())]
    said = _said(submission)
    return f"The scheduler says {', '.join(words) or 'nothing'}." + (f" A log says: {said}" if said else "")


def _said(submission: Submission) -> str:
    """Return the last line of the first log that is not empty."""
    texts = (log.read_text(errors="replace").strip() for log in sorted((submission.folder / "logs").iterdir()))
    return next((text.splitlines()[-1] for text in texts if text), "")


def _end(desk: Desk, submission: Submission) -> None:
    """See the elements end, before the folder they run in is removed."""
    end = desk.clock.now() + _FAREWELL
    while not _over(desk, submission) and desk.clock.now() < end:
        desk.clock.sleep(_PAUSE)
    with suppress(SchedulerError):
        queued.cancel(desk.files, submission, desk.scheduler, desk.run)
