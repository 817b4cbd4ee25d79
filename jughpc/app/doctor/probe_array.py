"""Let the elements of a small array meet in a folder, and tell what they saw of each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from jughpc import host
from jughpc.app.doctor import mounts
from jughpc.app.doctor.examine import PATIENCE, Subject, on_scratch, pace_of
from jughpc.app.doctor.finding import Finding, failure, warning
from jughpc.app.doctor.visibility import Guest, Report, attend, judge, reports
from jughpc.batch import journal, submissions
from jughpc.batch.clusters import Clusters
from jughpc.batch.plan import plan
from jughpc.batch.scheduler import Workload
from jughpc.batch.settling import cancel
from jughpc.batch.submissions import ElementOptions, Submission
from jughpc.batch.submitter import Submitter
from jughpc.errors import SchedulerError, UsageError
from jughpc.fs import Clock, OsFiles
from jughpc.units import show_seconds
from jughpc.worker.element import Place

_TOPIC = "second host"
_PAUSE = 0.5  # [s] between two looks for reports
_FAREWELL = 10.0  # [s] for elements to end by themselves, once they have reported


@dataclass(frozen=True)
class ProbeRequest:
    """What to submit.

    Attributes:
        size: Elements, 2 or more.
        options: How each is run.
        patience: How long to wait for all of them to run at one time [s].
    """

    size: int
    options: ElementOptions
    patience: float


def summon(subject: Subject, clusters: Clusters, request: ProbeRequest, clock: Clock) -> Iterator[Finding]:
    """Yield what the elements of an array found when they met where the jugdir is; leave nothing behind."""
    lag = pace_of(subject).lag
    return on_scratch(subject.jugdir, lambda scratch: _convene(scratch, subject, clusters, request, clock, lag))


def take_part(folder: Path, place: Place, clock: Clock, patience: float) -> None:
    """Be one element of such an array: meet the others in `folder`."""
    own = folder / str(place.element)
    own.mkdir()
    guest = Guest(place.element, place.elements, host.hostname(), mounts.clock_ahead(own, clock))
    attend(OsFiles(folder / "meeting"), clock, guest, patience)


def _convene(
    scratch: Path, subject: Subject, clusters: Clusters, request: ProbeRequest, clock: Clock, lag: float
) -> Iterator[Finding]:
    (scratch / "meeting").mkdir()
    try:
        submitter, submission = _submit(scratch, subject, clusters, request, clock)
    except (UsageError, SchedulerError) as error:
        advice = "Was it an option of the site's that is missing? Name it behind `--`."
        yield failure(_TOPIC, f"the array could not be submitted: {error}", advice)
        return
    try:
        found = _await(scratch, submitter, submission, request)
        yield from (
            judge(found, lag) if len(found) == request.size else [_absent(submitter, submission, request, len(found))]
        )
    finally:
        _end(submitter, submission)


def _submit(
    scratch: Path, subject: Subject, clusters: Clusters, request: ProbeRequest, clock: Clock
) -> tuple[Submitter, Submission]:
    cluster = clusters.hasty(PATIENCE).here(subject.scheduler)
    patience = show_seconds(request.patience)
    options = replace(request.options, throttle=request.size)  # they must run at one time, whatever the cores
    if options.container:
        options = replace(options, container=options.container.with_folders(scratch, options.workdir))
    argv = (*options.program, "doctor", "--meet", str(scratch), "--patience", patience)
    files = OsFiles(scratch)
    draft = submissions.draft(
        files, clock, scratch, scheduler=cluster.name,
        workload=Workload(argv, request.size, "doctor"), options=options, limits=cluster.limits,
    )  # fmt: skip
    submission = submissions.prepare(files, draft)
    submitter = Submitter(cluster, files, lambda line: None)
    submitter.submit(submission, plan(submission, cluster.scheduler))
    return submitter, submission


def _await(scratch: Path, submitter: Submitter, submission: Submission, request: ProbeRequest) -> list[Report]:
    """Return the reports, all of them or, where patience ends or no element is left, those that came."""
    files, end = OsFiles(scratch / "meeting"), submitter.cluster.clock.now() + request.patience
    while len(found := reports(files)) < request.size and submitter.cluster.clock.now() < end:
        submitter.cluster.clock.sleep(_PAUSE)
        if _over(submitter, submission):
            return reports(files)
    return found


def _over(submitter: Submitter, submission: Submission) -> bool:
    """Return whether the scheduler is sure that all elements ended."""
    with suppress(SchedulerError):
        states = submitter.cluster.poll(journal.accepted(submitter.files, submission)).elements
        return len(states) == submission.workload.size and all(status.state.ended for status in states.values())
    return False


def _absent(submitter: Submitter, submission: Submission, request: ProbeRequest, came: int) -> Finding:
    fact = f"{came} of {request.size} elements reported. {_words(submitter, submission)}"
    if came or _said(submission):
        return failure(_TOPIC, fact, "Is Python at the same path there, and the folder the same? See the words above.")
    return warning(_TOPIC, fact, "Wait longer with --patience 1h, or name a partition that has room: --partition NAME.")


def _words(submitter: Submitter, submission: Submission) -> str:
    """Return the scheduler's word on each element, and the last line that one of them logged."""
    try:
        states = submitter.cluster.poll(journal.accepted(submitter.files, submission)).elements
    except SchedulerError as error:
        return str(error)
    words = [f"{number}: {' '.join(filter(None, (s.state.value, s.reason)))}" for number, s in sorted(states.items())]
    said = _said(submission)
    return f"The scheduler says {', '.join(words) or 'nothing'}." + (f" A log says: {said}" if said else "")


def _said(submission: Submission) -> str:
    """Return the last line of the first log that is not empty."""
    texts = (log.read_text(errors="replace").strip() for log in sorted((submission.folder / "logs").iterdir()))
    return next((text.splitlines()[-1] for text in texts if text), "")


def _end(submitter: Submitter, submission: Submission) -> None:
    """See the elements end, before the folder they run in is removed."""
    end = submitter.cluster.clock.now() + _FAREWELL
    while not _over(submitter, submission) and submitter.cluster.clock.now() < end:
        submitter.cluster.clock.sleep(_PAUSE)
    with suppress(SchedulerError):
        cancel(submitter.cluster, submitter.files, submission)
